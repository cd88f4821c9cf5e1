"""Measuring a GPU, as far as it can be shown without one."""
