"""The bucket index against a dictionary that keeps everything."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection import index as index_module
from pipeline.detection.index import BucketIndex

BANDS = 3
# Few keys collide often; the large ones share their low bits, and so their slots, with the small ones.
KEYS = st.lists(st.sampled_from([0, 1, 2, 1 << 20, (1 << 20) + 1, 2**32 - 1]), min_size=BANDS, max_size=BANDS)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KEYS, st.integers(1, 70)),
        st.tuples(st.just("skip"), st.none(), st.integers(1, 70)),
        st.tuples(st.just("forget"), st.none(), st.integers(0, 150)),
        st.tuples(st.just("find"), KEYS, st.just(0)),
    ),
    max_size=30,
)


class NaiveIndex:
    def __init__(self, depth: int, first: int) -> None:
        self.depth, self.first = depth, first
        self.rows: dict[int, list[int] | None] = {}

    def add(self, keys: list[int] | None) -> None:
        self.rows[self.first + len(self.rows) if not self.rows else max(self.rows) + 1] = keys

    def forget_before(self, number: int) -> None:
        self.first = max(self.first, number)

    def live(self) -> dict[int, list[int] | None]:
        return {number: keys for number, keys in self.rows.items() if number >= self.first}

    def find(self, keys: list[int], most: int) -> list[int]:
        found: Counter[int] = Counter()
        for band in range(BANDS):
            sharing = [number for number, row in self.live().items() if row is not None and row[band] == keys[band]]
            found.update(sorted(sharing)[-self.depth :])
        return sorted(sorted(found, key=lambda number: (found[number], number))[-most:])


def as_keys(keys: list[int], num_bands: int = BANDS) -> np.ndarray:
    """Name the buckets; bands beyond the third repeat them, and so find nothing new."""
    return np.resize(np.array(keys, np.uint32), num_bands)


# Many chains are followed side by side, few one by one: both must be met.
@given(OPERATIONS, st.integers(1, 5), st.sampled_from([0, 1, 63, 1000]), st.sampled_from([BANDS, 10 * BANDS]))
def test_the_index_finds_what_a_dictionary_would(operations: list, depth: int, first: int, num_bands: int) -> None:
    index, naive = BucketIndex(num_bands, depth, first), NaiveIndex(depth, first)
    end = first
    for kind, keys, amount in operations:
        if kind == "add":
            for _ in range(amount):
                assert index.add(as_keys(keys, num_bands)) == end
                naive.add(keys)
                end += 1
        elif kind == "skip":
            for _ in range(amount):
                index.skip()
                naive.add(None)
                end += 1
        elif kind == "forget":
            index.forget_before(min(first + amount, end))
            naive.forget_before(min(first + amount, end))
        else:
            for most in (1, 3, 1000):
                assert index.find(as_keys(keys, num_bands), most) == naive.find(keys, most)
        assert len(index) == len(naive.live())
    rebuilt = BucketIndex(num_bands, depth, naive.first)
    for keys in naive.live().values():
        if keys is None:
            rebuilt.skip()
        else:
            rebuilt.add(as_keys(keys, num_bands))
    for keys in ([0, 0, 0], [1, 2, 1 << 20], [2**32 - 1, 0, 1]):
        for most in (2, 1000):
            found = index.find(as_keys(keys, num_bands), most)
            assert found == naive.find(keys, most) == rebuilt.find(as_keys(keys, num_bands), most)


def test_what_was_passed_over_is_not_found_after_growth_either() -> None:
    index = BucketIndex(BANDS, 8)
    for _ in range(200):
        index.skip()
    assert index.find(as_keys([0, 0, 0]), 9) == []


def test_space_is_bounded_by_the_live_articles() -> None:
    index = BucketIndex(BANDS, 8)
    for number in range(5000):
        index.add(as_keys([number % 7, number, 5]))
        index.forget_before(number - 99)
    assert len(index) == 100
    assert index._keys.shape[0] == 128
    assert len(index.find(as_keys([0, 0, 5]), 99)) <= 16


def test_links_that_grow_too_long_begin_anew_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_GREATEST_LINK", 300)
    # Enough bands for chains to be followed side by side, then one by one.
    index, naive = BucketIndex(10 * BANDS, 4), NaiveIndex(4, 0)
    for number in range(2000):
        keys = [number % 5, number % 3, 7]
        index.add(as_keys(keys, 10 * BANDS))
        naive.add(keys)
        if number % 40 == 0:
            index.forget_before(number - 99)
            naive.forget_before(number - 99)
            assert index.find(as_keys([0, 1, 7], 10 * BANDS), 99) == naive.find([0, 1, 7], 99)
    assert index._older.max() < 300 + 128
    assert index._origin > 1500


def test_forgetting_more_than_there_is_leaves_an_empty_index_that_goes_on() -> None:
    index = BucketIndex(BANDS, 8, first=10)
    index.add(as_keys([1, 2, 3]))
    index.forget_before(99)
    assert len(index) == 0
    assert index.add(as_keys([1, 2, 3])) == 11
    assert index.find(as_keys([1, 0, 0]), 9) == [11]
