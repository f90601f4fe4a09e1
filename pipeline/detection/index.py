"""The index of recent articles: the Python of `pipeline.detection.kernels.BucketIndex`."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_KEY = np.uint32(2**30 - 1)
"""What counts of a key. Compiled, a cell of 32 bits holds what the slot does not imply of it, and a link."""
_MOST_BANDS = 1 << 16
_NONE = -1


class _Row(NamedTuple):
    """An article that look-ups find."""

    keys: NDArray[np.uint32]
    """Its bucket in each band."""
    older: list[int]
    """The article before it in each of its buckets, live or not."""


class BucketIndex:
    """Finds the articles that share an LSH bucket with a signature, in bounded space.

    Articles are numbered as they come. What a look-up finds depends on the live articles and their keys alone: an index
    rebuilt from the same articles answers the same.

    Compiled, space follows the live articles: 4 bytes a band for each, and 2.3 to 4 for the table that leads to them;
    `sys.getsizeof` tells. In Python it is some eleven times as much.

    Parameters
    ----------
    num_bands
        Bands of the signatures.
    depth
        Newest articles that a look-up takes from each bucket: the bound that keeps the cost of an article constant
        (Petrović, Osborne, Lavrenko, *Streaming First Story Detection*, 2010).
    first
        Number of the first article.

    Raises
    ------
    ValueError
        If there is no band, or more than 65,536; if the depth is less than 1, or the first number less than 0.
    """

    def __init__(self, num_bands: int, depth: int, first: int = 0) -> None:
        if not 1 <= num_bands <= _MOST_BANDS or depth < 1 or first < 0:
            raise ValueError(
                f"an index takes 1 to {_MOST_BANDS} bands, a depth from 1 on and a first number from 0 on, "
                f"not {num_bands}, {depth}, {first}"
            )
        self._depth = depth
        self._newest: list[dict[int, int]] = [{} for _ in range(num_bands)]
        """For each band, the newest live article of each bucket."""
        self._rows: dict[int, _Row] = {}
        """The live articles by number, without those that were passed over."""
        self._first = self._next = first

    def __len__(self) -> int:
        """Give how many articles are live, with those that were passed over."""
        return self._next - self._first

    def add(self, keys: NDArray[np.uint32]) -> int:
        """Enter an article.

        Parameters
        ----------
        keys
            Its bucket in each band, shape ``(num_bands,)``; the low 30 bits of each count.

        Returns
        -------
        int
            Its number: one more than that of the article before it.

        Raises
        ------
        ValueError
            If there is not one key for each band, or they are not of 32 bits.
        """
        keys, number = self._cut(keys), self._next
        older = []
        for newest, key in zip(self._newest, keys.tolist(), strict=True):
            older.append(newest.get(key, _NONE))
            newest[key] = number
        self._rows[number] = _Row(keys, older)
        return self.skip()

    def skip(self) -> int:
        """Pass one number over, for an article that look-ups shall not find, and give it."""
        self._next += 1
        return self._next - 1

    def forget_before(self, number: int) -> None:
        """Let every article numbered below `number` go: look-ups no longer find it, and its space is used again."""
        first = min(max(self._first, number), self._next)
        for gone in range(self._first, first):
            row = self._rows.pop(gone, None)
            if row is not None:
                self._empty_buckets(row.keys, gone)
        self._first = first

    def _empty_buckets(self, keys: NDArray[np.uint32], gone: int) -> None:
        """Let go of the buckets in which no article is newer."""
        for newest, key in zip(self._newest, keys.tolist(), strict=True):
            if newest[key] == gone:
                del newest[key]

    def find(self, keys: NDArray[np.uint32], most: int) -> list[int]:
        """Name the live articles that share buckets with `keys`.

        Returns
        -------
        list[int]
            At most `depth` a band; of more than `most` in all those that share most buckets, of equals the newest.
            Ascending.

        Raises
        ------
        ValueError
            If `most` is negative, or the keys are none of this index.
        """
        if most < 0:
            raise ValueError(f"find takes at most {most} articles: give 0 or more")
        rows, first, found = self._rows, self._first, []
        for band, (newest, key) in enumerate(zip(self._newest, self._cut(keys).tolist(), strict=True)):
            number, left = newest.get(key, _NONE), self._depth
            while number >= first and left:
                found.append(number)
                number, left = rows[number].older[band], left - 1
        return likeliest(found, most)

    def _cut(self, keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
        if keys.itemsize != 4:
            raise ValueError(f"keys has items of {keys.itemsize} bytes: give items of 4")
        if keys.size != len(self._newest):
            raise ValueError(f"keys has {keys.size} items: an index of {len(self._newest)} bands takes one for each")
        return keys & _KEY


def likeliest(found: Sequence[int], most: int) -> list[int]:
    """Keep each article once; of too many those found most often, of equals the newest."""
    times = Counter(found)
    kept = sorted(times, key=lambda number: (-times[number], -number))[:most] if len(times) > most else times
    return sorted(kept)
