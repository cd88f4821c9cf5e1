"""Whole recordings and whole texts: files in, words out, and the other way round."""
