"""The inner loops of detection in Python and numpy: what they do, and what runs where no compiler was at hand.

`native/` does the same, to the bit, in a fraction of the time; `pipeline.detection.kernels` takes it where it is.
Arrays that are given out are the caller's, so that neither needs to make any.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.detection.index import BucketIndex
from pipeline.detection.linkage import are_one, partition
from pipeline.detection.packing import Vector, ids_of, num_terms, packed, weights_of
from pipeline.detection.reading import Letters, Words

__all__ = [
    "BucketIndex",
    "Counts",
    "Words",
    "add",
    "are_one",
    "bucket_keys",
    "capital_runs",
    "dots",
    "elements",
    "hash_words",
    "heaviest_shared",
    "partition",
    "shingles",
    "signature",
    "subtract",
    "sums_across",
    "term_ids",
    "weighted",
]

_REPEAT_STEP = np.uint32(0x9E3779B1)


class Counts(dict[int, int]):
    """How often each term was counted; what came to 0 is not in it."""

    def __init__(self, packed: NDArray[np.uint64]) -> None:
        super().__init__(zip((packed >> np.uint64(32)).tolist(), packed.astype(np.uint32).tolist(), strict=True))

    def add(self, terms: NDArray[np.uint32]) -> None:
        for term in terms.tolist():
            self[term] = self.get(term, 0) + 1

    def remove(self, terms: NDArray[np.uint32]) -> None:
        """Count once less; terms not counted stay so."""
        for term in terms.tolist():
            left = self.pop(term, 0) - 1
            if left > 0:
                self[term] = left

    def prune(self, least: float) -> None:
        """Let go of terms that were counted less often than `least`."""
        self._become({term: count for term, count in self.items() if count >= least})

    def halve(self) -> None:
        self._become({term: count // 2 for term, count in self.items() if count > 1})

    def packed(self) -> bytes:
        """Give one number of 64 bits a term, ascending: the term in the upper half, its count in the lower."""
        return np.array(sorted(term << 32 | count for term, count in self.items()), np.uint64).tobytes()

    def of(self, terms: NDArray[np.uint32]) -> NDArray[np.float64]:
        return np.array([self.get(term, 0) for term in terms.tolist()], np.float64)

    def _become(self, counts: dict[int, int]) -> None:
        self.clear()
        self.update(counts)


def weighted(
    ids: NDArray[np.uint32],
    weights: NDArray[np.float16],
    backgrounds: NDArray[np.float16],
    live: Counts,
    prior: float,
    num_live: float,
    exponent: float,
    of_outlet: Counts | None,
    num_of_outlet: float,
) -> Vector:
    """Weigh an article's terms by the stream, and scale them to length 1; those that weigh nothing are left out.

    Parameters
    ----------
    ids, weights, backgrounds
        Of the terms, one place for each.
    live, prior, num_live, exponent
        In how many of the live reports each term stands, and how `pipeline.detection.idf` makes an idf of that.
    of_outlet, num_of_outlet
        The same of the outlet's reports, if enough is known of it: what stands in most of them weighs nothing.
    """
    if not len(ids) == len(weights) == len(backgrounds):
        raise ValueError("weighted was given arrays whose lengths do not fit together")
    shares = (live.of(ids) + prior * backgrounds.astype(np.float64)) / (num_live + prior)
    # From `math`: what numpy makes of a logarithm differs in the last bit from one processor to another.
    idfs = [math.pow(-math.log(share), exponent) if 0.0 < share < 1.0 else 0.0 for share in shares.tolist()]
    weighed = np.array(idfs) * weights.astype(np.float64)
    if of_outlet is not None:
        weighed[2.0 * of_outlet.of(ids) > num_of_outlet] = 0.0
    return _unit(ids, weighed)


def _unit(ids: NDArray[np.uint32], weights: NDArray[np.float64]) -> Vector:
    """Scale weights to length 1, and sort them by term; those of one hash count as one."""
    length = math.sqrt(_sum(weights * weights))
    scaled = (weights / (length or 1.0)).astype(np.float32)
    found: dict[int, np.float32] = {}
    for term, weight in zip(ids.tolist(), scaled, strict=True):
        if weight > 0.0:
            found[term] = found.get(term, np.float32(0.0)) + weight
    terms = sorted(found)
    return packed(np.array(terms, np.uint32), np.array([found[term] for term in terms], np.float32))


def dots(vector: Vector, others: Sequence[Vector]) -> list[float]:
    """Multiply a sparse vector with each of some others, in the order of their terms."""
    if not others:
        return []
    terms = b"".join(others)
    matched, places = _matched(vector, terms)
    owners = np.repeat(np.arange(len(others)), [num_terms(other) for other in others])[matched]
    both = weights_of(vector)[places].astype(np.float64) * weights_of(terms)[matched].astype(np.float64)
    # Of all that numpy has to add with, this adds one after the other.
    sums: list[float] = np.bincount(owners, weights=both, minlength=len(others)).tolist()
    return sums


def sums_across(vectors: Sequence[Vector], out: NDArray[np.float64]) -> None:
    """Multiply each two of some vectors; each with itself counts nothing."""
    if out.shape != (len(vectors), len(vectors)):
        raise ValueError("sums_across was given arrays whose lengths do not fit together")
    out[:] = 0.0
    for place, vector in enumerate(vectors):
        out[place, :place] = out[:place, place] = dots(vector, vectors[:place])


def heaviest_shared(vector: Vector, other: Vector, ids: NDArray[np.uint32], most: int) -> list[int]:
    """Find the terms of a sparse vector that add most to its product with another.

    Returns
    -------
    list[int]
        Where each stands in `ids`, that which adds most first, of equals as the vectors have them.
    """
    matched, places = _matched(other, vector)
    shared = weights_of(vector)[matched].astype(np.float64) * weights_of(other)[places].astype(np.float64)
    heaviest = ids_of(vector)[matched][np.argsort(-shared, kind="stable")[:most]]
    place_of = {term: place for place, term in enumerate(ids.tolist())}
    if not place_of.keys() >= set(heaviest.tolist()):
        raise ValueError("heaviest_shared takes the ids of all that is shared")
    return [place_of[term] for term in heaviest.tolist()]


def _matched(vector: Vector, terms: Vector) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find which terms a vector has, and where in it each of them is."""
    if not vector:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    ids, wanted = ids_of(vector), ids_of(terms)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    matched = np.flatnonzero(ids[places] == wanted)
    return matched, places[matched]


def add(first: Vector, second: Vector) -> Vector:
    """Add two sparse vectors."""
    return _merged(first, second, np.float32(1.0))


def subtract(first: Vector, second: Vector) -> Vector:
    """Take a sparse vector from another; terms of which nothing is left are left out."""
    return _merged(first, second, np.float32(-1.0))


def _merged(first: Vector, second: Vector, sign: np.float32) -> Vector:
    ids, places = np.unique(np.concatenate([ids_of(first), ids_of(second)]), return_inverse=True)
    weights = np.zeros(len(ids), np.float32)
    weights[places[: num_terms(first)]] = weights_of(first)
    weights[places[num_terms(first) :]] += sign * weights_of(second)
    kept = weights > 0.0
    return packed(ids[kept], weights[kept])


def elements(
    ids: NDArray[np.uint32], weights: NDArray[np.float16], backgrounds: NDArray[np.float16], out: NDArray[np.uint32]
) -> int:
    """Repeat each term as its salience says, the most salient as often as `out` has room for each; gives how many."""
    logarithms = np.array([-math.log(background) for background in backgrounds.tolist()])
    salience = weights.astype(np.float64) * logarithms
    most, greatest = (len(out) // len(ids) if len(ids) else 1), salience.max(initial=0.0)
    wanted = np.rint(salience * (most / greatest)) if greatest > 0.0 else np.ones(len(ids))
    repeats = np.maximum(1, wanted).astype(np.intp)
    starts = np.repeat(np.cumsum(repeats) - repeats, repeats)
    ordinals = (np.arange(repeats.sum()) - starts).astype(np.uint32)
    out[: len(ordinals)] = np.repeat(ids, repeats) + ordinals * _REPEAT_STEP
    return len(ordinals)


def hash_words(words: Sequence[str | bytes], hashes: NDArray[np.uint32]) -> None:
    """Hash words to 32 bits (XXH32 of their UTF-8)."""
    encoded = [word if isinstance(word, bytes) else word.encode("utf-8", "surrogatepass") for word in words]
    hashes[:] = list(map(xxhash.xxh32_intdigest, encoded))


def term_ids(forms: tuple[str, ...], letters: Letters, slow: Callable[[str], int], ids: NDArray[np.uint32]) -> None:
    """Give the hash of the stem of each form: what `slow` says, which need not be asked where `letters` tell all."""
    del letters
    ids[:] = list(map(slow, forms))


def capital_runs(text: str, classes: NDArray[np.uint16], slow: Callable[[str], list[str]]) -> list[str]:
    """Find the runs of words with capital letters: what `slow` does, asked only where the table tells too little."""
    del classes
    return slow(text)


def signature(
    elements: NDArray[np.uint32], factors: NDArray[np.uint32], offsets: NDArray[np.uint32], out: NDArray[np.uint32]
) -> None:
    """Give the least value of each permutation ``h -> factor * h + offset`` of mixed elements; all ones of none."""
    if not elements.size:
        out[:] = 0xFFFFFFFF
        return
    permuted = np.multiply.outer(factors, _mixed(elements))
    # It cannot be shortened to min(factor * h) + offset: the sum wraps around.
    permuted += offsets[:, None]
    permuted.min(axis=1, out=out)


def _mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Scatter 32-bit values evenly: the finalizer of MurmurHash3, a bijection on ``[0, 2**32)``."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values


def shingles(values: NDArray[np.uint32], size: int, out: NDArray[np.uint32]) -> None:
    """Hash every run of `size` values; `out` has a place for each."""
    out[:] = 0
    for start in range(size):
        out[:] = _mixed(out * np.uint32(31) + values[start : start + out.size])


def bucket_keys(values: NDArray[np.uint32], rows: int, out: NDArray[np.uint32]) -> None:
    """Hash `rows` values after `rows` values; `out` has a place for each."""
    bands = values.reshape(-1, rows)
    out[:] = 0
    for row in range(rows):
        out[:] = _mixed(out * np.uint32(31) + bands[:, row])


def _sum(values: NDArray[np.float64]) -> float:
    """Add one after the other: what `sum` does hangs on the version of Python, and numpy's on the length."""
    return float(np.add.accumulate(values)[-1]) if values.size else 0.0
