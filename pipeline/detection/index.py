"""The index of recent articles: which of them share a bucket with a new one, in bounded space."""

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels

_NONE = np.int32(-1)
_GREATEST_LINK = 2**31 - 1
_SMALLEST = 64


class BucketIndex:
    """Finds the articles that share an LSH bucket with a signature.

    Every article is a row: its key in each band, and a link to the article that was newest in the same slot before
    it. A link is the article's number, counted from an origin that moves up now and then, so that four bytes hold it.
    A slot's articles thus form a chain from new to old, which a look-up follows only as long as it needs. What a
    look-up finds depends on the live articles and their keys alone, never on how the tables grew: an index rebuilt
    from the same articles answers the same.

    Space is ``num_bands * 12`` to ``num_bands * 24`` bytes a live article, with nothing kept per bucket.

    Parameters
    ----------
    num_bands
        Bands of the signatures.
    depth
        Newest articles that a look-up takes from each bucket: the bound that keeps the cost of an article constant
        (Petrović, Osborne, Lavrenko, *Streaming First Story Detection*, 2010).
    first
        Number of the first article.
    """

    def __init__(self, num_bands: int, depth: int, first: int = 0) -> None:
        self._depth = depth
        self._num_bands = num_bands
        self._first = first
        self._next = first
        self._allocate(_SMALLEST)

    def __len__(self) -> int:
        return self._next - self._first

    def _allocate(self, capacity: int) -> None:
        num_bands = self._num_bands
        self._mask = capacity - 1
        # A multiple of the capacity: links and numbers are in the same rows.
        self._origin = self._first & -capacity
        self._keys = np.zeros((capacity, num_bands), np.uint32)
        self._older = np.full((capacity, num_bands), _NONE)
        self._found = np.zeros(capacity, bool)
        self._newest = np.full((num_bands, capacity), _NONE)

    def add(self, keys: NDArray[np.uint32]) -> int:
        """Enter an article.

        Parameters
        ----------
        keys
            Its bucket in each band, shape ``(num_bands,)``.

        Returns
        -------
        int
            Its number: one more than that of the article before it.
        """
        if len(self) > self._mask:
            self._grow()
        if self._next - self._origin > _GREATEST_LINK:
            self._move_origin()
        number = self._next
        self._enter(number, keys)
        self._next += 1
        return number

    def skip(self) -> None:
        """Pass one number over, for an article that look-ups shall not find."""
        if len(self) > self._mask:
            self._grow()
        self._found[self._next & self._mask] = False
        self._next += 1

    def _enter(self, number: int, keys: NDArray[np.uint32]) -> None:
        self._found[number & self._mask] = True
        kernels.enter(self._keys, self._older, self._newest, keys, number - self._origin)

    def _grow(self) -> None:
        numbers = np.arange(self._first, self._next)
        numbers = numbers[self._found[numbers & self._mask]]
        kept = self._keys[numbers & self._mask]
        self._allocate(2 * (self._mask + 1))
        for number, keys in zip(numbers.tolist(), kept, strict=True):
            self._enter(number, keys)

    def _move_origin(self) -> None:
        origin = self._first & ~self._mask
        for links in (self._older, self._newest):
            # What then lies before the origin was let go long ago, and ends a chain as none does.
            links -= np.int32(origin - self._origin)
            np.maximum(links, _NONE, out=links)
        self._origin = origin

    def forget_before(self, number: int) -> None:
        """Let every article numbered below `number` go: look-ups no longer find it, and its space is used again."""
        self._first = min(max(self._first, number), self._next)

    def find(self, keys: NDArray[np.uint32], most: int) -> list[int]:
        """Name the live articles that share buckets with `keys`.

        Returns
        -------
        list[int]
            At most `depth` a band; of more than `most` in all those that share most buckets, of equals the newest.
            Ascending.
        """
        tables = self._keys, self._older, self._newest
        return kernels.find(*tables, keys, self._first, self._origin, self._depth, most)
