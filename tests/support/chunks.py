"""Cutting a sequence anywhere, to show that where it was cut does not matter."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from hypothesis import strategies as st

from audio import Samples

Cuttable = TypeVar("Cuttable", bytes, Samples)


def cut_points(length_max: int) -> st.SearchStrategy[list[int]]:
    """Return a strategy for places to cut, in any order, some twice."""
    return st.lists(st.integers(0, length_max), max_size=20)


def cut(whole: Cuttable, points: Sequence[int]) -> list[Cuttable]:
    """Cut `whole` at `points`, those beyond its end taken as its end: pieces may be empty."""
    edges = [0, *sorted(min(point, len(whole)) for point in points), len(whole)]
    return [whole[start:end] for start, end in pairwise(edges)]
