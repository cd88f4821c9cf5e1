"""Protocols as translators: bytes to events and back, without input or output.

Nothing is imported here, so that a client can use the frames of a wire without any engine.
"""
