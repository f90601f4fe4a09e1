"""In how many reports each term stands: a compact table, and the array as which it is written to state."""

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels

Packed = NDArray[np.uint64]
"""One number a term, ascending: the hash of its stem in the upper half of 64 bits, its count in the lower."""

Counts = kernels.Counts

NOTHING: Packed = np.empty(0, np.uint64)


def counts_of(packed: Packed) -> Counts:
    """Make the table of what was packed."""
    return kernels.Counts(packed)


def packed(counts: Counts) -> Packed:
    return np.frombuffer(counts.packed(), np.uint64)
