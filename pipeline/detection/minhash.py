"""MinHash signatures and the buckets of locality-sensitive hashing."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels

SEED = 1
"""Seed of the permutations. A signature means nothing under another one."""

EMPTY = np.uint32(0xFFFFFFFF)
"""Every value of the signature of the empty set."""

Values = NDArray[np.uint32] | NDArray[np.uint8]
"""Of a signature, whole or cut to `low_bytes`."""


@cache
def _permutations(num_perm: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    generator = np.random.RandomState(SEED)
    # An odd factor makes the map a bijection on 32 bits, so permuting adds no collisions.
    factors = generator.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    offsets = generator.randint(0, 1 << 32, num_perm, dtype=np.uint32)
    return factors, offsets


def signature(elements: NDArray[np.uint32], num_perm: int) -> NDArray[np.uint32]:
    """Sketch a set so that two sketches agree in a place with the probability of the sets' Jaccard similarity.

    Bit-equal to ``datasketch.MinHash(num_perm, seed=SEED, scheme="affine32")`` fed with the same 32-bit hashes.

    Parameters
    ----------
    elements
        32-bit hash of each element, any shape that flattens; repeats change nothing.
    num_perm
        Length of the signature.

    Returns
    -------
    NDArray[np.uint32]
        Shape ``(num_perm,)``; all ones for the empty set.

    References
    ----------
    A. Broder, *On the resemblance and containment of documents*, 1997. E. Zhu, *datasketch* 2.0, scheme ``affine32``.
    """
    smallest = np.empty(num_perm, np.uint32)
    kernels.signature(np.ascontiguousarray(elements), *_permutations(num_perm), smallest)
    return smallest


def low_bytes(signature: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Keep a quarter of a signature: values that differ agree in their lowest byte once in 256 times.

    References
    ----------
    P. Li, C. König, *b-Bit Minwise Hashing*, 2010.
    """
    return signature.astype(np.uint8)


def similarities(signatures: Values, other: Values) -> NDArray[np.float64]:
    """Estimate the Jaccard similarity of sets and another one; standard error ``sqrt(s(1-s)/num_perm)``.

    Parameters
    ----------
    signatures
        One row for each set, shape ``(n, num_perm)``.
    other
        Signature of the other set, shape ``(num_perm,)``, whole or cut as those are.

    Returns
    -------
    NDArray[np.float64]
        Shape ``(n,)``; what values of so many bits agree in by chance is taken out.
    """
    by_chance = 2.0 ** (-8 * other.itemsize)
    agreeing = np.count_nonzero(signatures == other, axis=1) / other.size
    estimates: NDArray[np.float64] = np.maximum(0.0, (agreeing - by_chance) / (1.0 - by_chance))
    return estimates


def bucket_keys(signature: Values, rows: int) -> NDArray[np.uint32]:
    """Name the bucket that a MinHash signature falls into, for every band.

    Two articles become candidates when they share a bucket. At Jaccard similarity *s*, ``b`` bands of ``rows`` rows
    collide with probability ``1 - (1 - s**rows)**b``, an S-curve that rises steeply near ``(1 / b) ** (1 / rows)``.

    Parameters
    ----------
    signature
        Minimum hash per permutation, shape ``(b * rows,)``; cut to bytes, four rows tell as much apart as 32 bits can.
    rows
        Rows per band; must divide the signature's length.

    Returns
    -------
    NDArray[np.uint32]
        Shape ``(b,)``, in band order. Equal across processes and Python versions, so it can key state (the built-in
        ``hash`` cannot). A key means something only within its band.

    Raises
    ------
    ValueError
        If `rows` does not divide the signature's length; the message names both numbers.

    References
    ----------
    Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, chapter 3.
    """
    if signature.size % rows:
        raise ValueError(
            f"a signature of {signature.size} values cannot be cut into bands of {rows} rows: "
            f"choose rows that divide {signature.size}, or a signature of bands * rows values"
        )
    keys = np.empty(signature.size // rows, np.uint32)
    kernels.bucket_keys(signature.astype(np.uint32, copy=False), rows, keys)
    return keys
