"""Tests of the signal code."""
