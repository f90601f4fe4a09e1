"""Sparse vectors as bytes: 64 bits a term, the hash of its stem in the upper half, its weight below.

Sorted as numbers they are sorted by term. A weight is the bits of a 32-bit float, and more than 0. An array would be
three objects, far from each other in memory, where bytes are one: and of vectors it is mostly that which takes time.
"""

import numpy as np
from numpy.typing import NDArray

Vector = bytes

_HALF = np.uint64(32)


def packed(ids: NDArray[np.uint32], weights: NDArray[np.float32]) -> Vector:
    """Put terms and their weights together, in the order in which they are given."""
    return ((ids.astype(np.uint64) << _HALF) | weights.view(np.uint32)).tobytes()


def num_terms(vector: Vector) -> int:
    return len(vector) // 8


def terms_of(vector: Vector) -> NDArray[np.uint64]:
    """Look at the terms with their weights, as the numbers of 64 bits that they are."""
    return np.frombuffer(vector, np.uint64)


def ids_of(vector: Vector) -> NDArray[np.uint32]:
    return (terms_of(vector) >> _HALF).astype(np.uint32)


def weights_of(vector: Vector) -> NDArray[np.float32]:
    return terms_of(vector).astype(np.uint32).view(np.float32)
