"""Sparse vectors of terms: how alike two articles, or two groups of them, are.

An article's vector has length 1, or no term; the centre of a group is the sum of its articles'. Vectors are never
changed in place, so they can be shared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels
from pipeline.detection.packing import Vector, terms_of, weights_of

EMPTY: Vector = b""


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
    return kernels.add(first, second)


def subtract(first: Vector, second: Vector) -> Vector:
    """Take a vector away; terms of which nothing is left are left out."""
    return kernels.subtract(first, second)


def heaviest(vector: Vector, most: int) -> Vector:
    """Keep the terms that weigh most, the heaviest first, equals by their hash."""
    return terms_of(vector)[np.argsort(-weights_of(vector), kind="stable")[:most]].tobytes()


def sorted_by_term(vector: Vector) -> Vector:
    return np.sort(terms_of(vector)).tobytes()
