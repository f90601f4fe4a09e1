"""The index of recent articles: which of them share a bucket with a new one, in bounded space."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_NONE = np.int32(-1)
_GREATEST_LINK = 2**31 - 1
_SMALLEST = 64
_FEW = 16
"""Chains that are followed one by one faster than side by side."""


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
        self._bands = np.arange(num_bands)
        self._first = first
        self._next = first
        self._allocate(_SMALLEST)

    def __len__(self) -> int:
        return self._next - self._first

    def _allocate(self, capacity: int) -> None:
        num_bands = self._bands.size
        self._mask = np.int64(capacity - 1)
        self._slot_mask = np.uint32(capacity - 1)
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
        self._found[self._next & int(self._mask)] = False
        self._next += 1

    def _enter(self, number: int, keys: NDArray[np.uint32]) -> None:
        slots = keys & self._slot_mask
        row = number & int(self._mask)
        self._keys[row] = keys
        self._found[row] = True
        self._older[row] = self._newest[self._bands, slots]
        self._newest[self._bands, slots] = number - self._origin

    def _grow(self) -> None:
        numbers = np.arange(self._first, self._next)
        numbers = numbers[self._found[numbers & self._mask]]
        kept = self._keys[numbers & self._mask]
        self._allocate(2 * (int(self._mask) + 1))
        for number, keys in zip(numbers.tolist(), kept, strict=True):
            self._enter(number, keys)

    def _move_origin(self) -> None:
        origin = self._first & ~int(self._mask)
        for links in (self._older, self._newest):
            # What then lies before the origin was let go long ago, and ends a chain as none does.
            links -= np.int32(origin - self._origin)
            np.maximum(links, _NONE, out=links)
        self._origin = origin

    def forget_before(self, number: int) -> None:
        """Let every article numbered below `number` go: look-ups no longer find it, and its space is used again."""
        self._first = min(max(self._first, number), self._next)

    def find(self, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Name the live articles that share at least one bucket with `keys`: at most `depth` a band, ascending."""
        bands, first = self._bands, self._first - self._origin
        links = self._newest[bands, keys & self._slot_mask]
        left = np.full(bands.size, self._depth)
        found = []
        # A chain goes from new to old: the first article let go ends it.
        alive = np.flatnonzero(links >= first)
        while alive.size > _FEW:
            bands, links, keys, left = bands.take(alive), links.take(alive), keys.take(alive), left.take(alive)
            cells = self._cells(links, bands)
            hits = self._keys.take(cells) == keys
            found.append(links[hits])
            left -= hits
            links = self._older.take(cells)
            alive = np.flatnonzero((links >= first) & (left > 0))
        found.append(self._walk(bands.take(alive), links.take(alive), keys.take(alive), left.take(alive)))
        return np.unique(np.concatenate(found)) + np.int64(self._origin)

    def _cells(self, links: NDArray[np.int32], bands: NDArray[np.intp]) -> NDArray[np.int64]:
        """Place articles' bands in the tables as if these had one dimension: numpy takes from that twice as fast."""
        return (links & self._mask) * self._bands.size + bands

    def _walk(self, *chains: NDArray[Any]) -> NDArray[np.int32]:
        """Follow the few longest chains to their ends, one by one."""
        # An array holds its bytes in one piece, so the views copy nothing; they give single values faster than numpy.
        keys_at, older_at = self._keys.ravel().data, self._older.ravel().data
        first, mask, num_bands = self._first - self._origin, int(self._mask), self._bands.size
        found = []
        for band, link, key, left in zip(*(chain.tolist() for chain in chains), strict=True):
            while link >= first and left:
                cell = (link & mask) * num_bands + band
                if keys_at[cell] == key:
                    found.append(link)
                    left -= 1
                link = older_at[cell]
        return np.array(found, np.int32)
