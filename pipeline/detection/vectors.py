"""Sparse vectors of terms: how alike two articles, or two groups of them, are.

An article's vector has length 1, or no term; the centre of a group is the sum of its articles'. Vectors are never
changed in place, so they can be shared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels
from pipeline.detection.packing import Vector, weights_of

EMPTY: Vector = np.empty(0, np.uint64)


def dot(first: Vector, second: Vector) -> float:
    """Multiply two vectors; between two centres, the sum of the cosines of all pairs across them."""
    return kernels.dots(first, (second,))[0]


def dots(vector: Vector, others: Sequence[Vector]) -> list[float]:
    """Multiply a vector with each of some others."""
    return kernels.dots(vector, others)


def sums_across(vectors: Sequence[Vector]) -> NDArray[np.float64]:
    """Multiply each two of some vectors, shape ``(len(vectors), len(vectors))``; 0 for each with itself."""
    found = np.empty((len(vectors), len(vectors)))
    kernels.sums_across(vectors, found)
    return found


def add(first: Vector, second: Vector) -> Vector:
    total = np.empty(len(first) + len(second), np.uint64)
    # A centre is kept for long: its array shall be no longer than it is.
    return total[: kernels.add(first, second, total)].copy()


def subtract(first: Vector, second: Vector) -> Vector:
    """Take a vector away; terms of which nothing is left are left out."""
    rest = np.empty(len(first) + len(second), np.uint64)
    return rest[: kernels.subtract(first, second, rest)].copy()


def heaviest(vector: Vector, most: int) -> Vector:
    """Keep the terms that weigh most, the heaviest first, equals by their hash."""
    return vector[np.argsort(-weights_of(vector), kind="stable")[:most]]
