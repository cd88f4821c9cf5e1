"""Whole conversations in virtual time, on scripted engines: what a user would notice."""
