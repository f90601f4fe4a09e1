"""Sparse vectors as arrays: one number of 64 bits a term, the hash of its stem in the upper half, its weight below.

Sorted as numbers they are sorted by term. A weight is the bits of a 32-bit float, and more than 0.
"""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.uint64]

_HALF = np.uint64(32)


def packed(ids: NDArray[np.uint32], weights: NDArray[np.float32]) -> Vector:
    """Put terms and their weights together, in the order in which they are given."""
    return (ids.astype(np.uint64) << _HALF) | weights.view(np.uint32)


def ids_of(vector: Vector) -> NDArray[np.uint32]:
    return (vector >> _HALF).astype(np.uint32)


def weights_of(vector: Vector) -> NDArray[np.float32]:
    return vector.astype(np.uint32).view(np.float32)
