"""The inner loops of detection in Python and numpy: what they do, and what runs where no compiler was at hand.

`native/` does the same, to the bit, in a fraction of the time; `pipeline.detection.kernels` takes it where it is.
What is given out goes into arrays of the caller's, so that neither needs to make any.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.detection.packing import Vector, ids_of, packed, weights_of
from pipeline.detection.reading import Letters, Words

__all__ = [
    "Words",
    "add",
    "bucket_keys",
    "capital_runs",
    "counts",
    "dots",
    "elements",
    "enter",
    "find",
    "hash_words",
    "idf",
    "products",
    "shingles",
    "signature",
    "subtract",
    "term_ids",
    "unit",
]

_REPEAT_STEP = np.uint32(0x9E3779B1)
_FEW = 16
"""Chains that are followed one by one faster than side by side."""


def unit(ids: NDArray[np.uint32], weights: NDArray[np.float64], out: Vector) -> int:
    """Scale weights to length 1, and sort them by term; gives how many terms have any weight."""
    if not len(ids) == len(weights) <= len(out):
        raise ValueError("unit was given arrays whose lengths do not fit together")
    length = math.sqrt(_sum(weights * weights))
    scaled = (weights / (length or 1.0)).astype(np.float32)
    found: dict[int, np.float32] = {}
    for term, weight in zip(ids.tolist(), scaled, strict=True):
        if weight > 0.0:
            found[term] = found.get(term, np.float32(0.0)) + weight
    terms = sorted(found)
    out[: len(terms)] = packed(np.array(terms, np.uint32), np.array([found[term] for term in terms], np.float32))
    return len(terms)


def dots(vector: Vector, others: Sequence[Vector]) -> list[float]:
    """Multiply a sparse vector with each of some others, in the order of their terms."""
    if not others:
        return []
    terms = np.concatenate(others)
    matched, places = _matched(vector, terms)
    owners = np.repeat(np.arange(len(others)), [len(other) for other in others])[matched]
    both = weights_of(vector)[places].astype(np.float64) * weights_of(terms)[matched].astype(np.float64)
    # Of all that numpy has to add with, this adds one after the other.
    sums: list[float] = np.bincount(owners, weights=both, minlength=len(others)).tolist()
    return sums


def products(vector: Vector, other: Vector, out: NDArray[np.float64]) -> None:
    """Give what each term of a sparse vector adds to its product with another."""
    if len(vector) != len(out):
        raise ValueError("products was given arrays whose lengths do not fit together")
    out[:] = 0.0
    matched, places = _matched(other, vector)
    out[matched] = weights_of(vector)[matched].astype(np.float64) * weights_of(other)[places].astype(np.float64)


def _matched(vector: Vector, terms: Vector) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find which terms a vector has, and where in it each of them is."""
    if not len(vector):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    ids, wanted = ids_of(vector), ids_of(terms)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    matched = np.flatnonzero(ids[places] == wanted)
    return matched, places[matched]


def add(first: Vector, second: Vector, out: Vector) -> int:
    """Add two sparse vectors; gives how many terms the sum has."""
    return _merged(first, second, np.float32(1.0), out)


def subtract(first: Vector, second: Vector, out: Vector) -> int:
    """Take a sparse vector from another; gives in how many terms anything is left."""
    return _merged(first, second, np.float32(-1.0), out)


def _merged(first: Vector, second: Vector, sign: np.float32, out: Vector) -> int:
    if len(first) + len(second) > len(out):
        raise ValueError("add and subtract were given arrays whose lengths do not fit together")
    ids, places = np.unique(np.concatenate([ids_of(first), ids_of(second)]), return_inverse=True)
    weights = np.zeros(len(ids), np.float32)
    weights[places[: len(first)]] = weights_of(first)
    weights[places[len(first) :]] += sign * weights_of(second)
    kept = weights > 0.0
    size = int(kept.sum())
    out[:size] = packed(ids[kept], weights[kept])
    return size


def counts(counted: Mapping[str, int], stems: Sequence[str], found: NDArray[np.float64]) -> None:
    """Look up how often each stem was counted; 0 where it was not."""
    found[:] = [counted.get(stem, 0) for stem in stems]


def idf(
    counted: NDArray[np.float64],
    backgrounds: NDArray[np.float32],
    out: NDArray[np.float64],
    prior: float,
    num_reports: float,
    exponent: float,
) -> None:
    """Work out the idf of terms, to some power, from how often they were counted; 0 where all reports have the term."""
    shares = (counted + prior * backgrounds.astype(np.float64)) / (num_reports + prior)
    # From `math`: what numpy makes of a logarithm differs in the last bit from one processor to another.
    out[:] = [math.pow(-math.log(share), exponent) if 0.0 < share < 1.0 else 0.0 for share in shares.tolist()]


def elements(
    ids: NDArray[np.uint32], weights: NDArray[np.float32], backgrounds: NDArray[np.float32], out: NDArray[np.uint32]
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


def enter(
    keys: NDArray[np.uint32],
    older: NDArray[np.int32],
    newest: NDArray[np.int32],
    entered: NDArray[np.uint32],
    link: int,
) -> None:
    """Put an article into the tables of a `pipeline.detection.index.BucketIndex`."""
    bands, mask = np.arange(entered.size), len(keys) - 1
    slots, row = entered & np.uint32(mask), link & mask
    keys[row] = entered
    older[row] = newest[bands, slots]
    newest[bands, slots] = link


def find(
    keys: NDArray[np.uint32],
    older: NDArray[np.int32],
    newest: NDArray[np.int32],
    wanted: NDArray[np.uint32],
    first: int,
    origin: int,
    depth: int,
    most: int,
) -> list[int]:
    """Name the articles from `first` on that share a bucket with one: `depth` a band, `most` in all, ascending."""
    num_bands, mask, first = wanted.size, len(keys) - 1, first - origin
    bands = np.arange(num_bands)
    links = newest[bands, wanted & np.uint32(mask)]
    left = np.full(num_bands, depth)
    found = []
    # A chain goes from new to old: the first article let go ends it.
    alive = np.flatnonzero((links >= first) & (left > 0))
    while alive.size > _FEW:
        bands, links, wanted, left = bands.take(alive), links.take(alive), wanted.take(alive), left.take(alive)
        # As if the tables had one dimension: numpy takes from that twice as fast.
        cells = (links & np.int64(mask)) * num_bands + bands
        hits = keys.take(cells) == wanted
        found.append(links[hits])
        left -= hits
        links = older.take(cells)
        alive = np.flatnonzero((links >= first) & (left > 0))
    chains = bands.take(alive), links.take(alive), wanted.take(alive), left.take(alive)
    found.append(_walked(keys, older, chains, first))
    return likeliest((np.concatenate(found) + np.int64(origin)).tolist(), most)


def likeliest(found: Sequence[int], most: int) -> list[int]:
    """Keep each article once; of too many those found most often, of equals the newest."""
    times = Counter(found)
    kept = sorted(times, key=lambda number: (-times[number], -number))[:most] if len(times) > most else times
    return sorted(kept)


def _walked(
    keys: NDArray[np.uint32], older: NDArray[np.int32], chains: tuple[NDArray[Any], ...], first: int
) -> NDArray[np.int32]:
    """Follow the few longest chains to their ends, one by one."""
    # An array holds its bytes in one piece, so the views copy nothing; they give single values faster than numpy.
    keys_at, older_at = keys.ravel().data, older.ravel().data
    mask, num_bands = len(keys) - 1, keys.shape[1]
    found = []
    for band, link, key, left in zip(*(chain.tolist() for chain in chains), strict=True):
        while link >= first and left:
            cell = (link & mask) * num_bands + band
            if keys_at[cell] == key:
                found.append(link)
                left -= 1
            link = older_at[cell]
    return np.array(found, np.int32)


def _sum(values: NDArray[np.float64]) -> float:
    """Add one after the other: what `sum` does hangs on the version of Python, and numpy's on the length."""
    return float(np.add.accumulate(values)[-1]) if values.size else 0.0
