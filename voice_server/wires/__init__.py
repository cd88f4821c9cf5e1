"""Byte formats and events: pure translators, one per protocol."""
