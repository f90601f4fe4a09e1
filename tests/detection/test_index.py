"""The bucket index, compiled and in Python, against one that keeps everything and looks at all of it."""

import sys
from collections import Counter, deque
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.detection import index as in_python
from pipeline.detection.kernels import ARE_COMPILED, kernels

BANDS = 3
# Few keys collide often. Some share their low bits, and so their slots, and part when the table grows; the last two are
# those of the first two again, since 30 bits count.
KEYS = st.lists(
    st.sampled_from([0, 2**30 - 1, 1, 2, 16, 32, 48, 1 << 20, (1 << 20) + 1, 2**30, 2**32 - 1]),
    min_size=BANDS,
    max_size=BANDS,
)
OPERATIONS = st.lists(
    st.one_of(
        # So many articles, whose keys are the same, or follow each other, or fall into the same slots for some time.
        st.tuples(st.just("add"), KEYS, st.integers(1, 90), st.sampled_from([0, 1, 16])),
        st.tuples(st.just("skip"), st.integers(1, 70)),
        # All but so many of the newest.
        st.tuples(st.just("forget"), st.integers(0, 150)),
        st.tuples(st.just("find"), KEYS),
    ),
    max_size=30,
)
FIRST = st.sampled_from([0, 1, 63, 1000, 2**31 - 60, 2**32 - 60, 2**40])
KINDS = pytest.mark.parametrize("kind", [kernels.BucketIndex, in_python.BucketIndex], ids=["kernels", "in_python"])


class NaiveIndex:
    def __init__(self, depth: int, first: int) -> None:
        self.depth, self.first, self.next = depth, first, first
        self.rows: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self.next - self.first

    def add(self, keys: NDArray[np.uint32]) -> int:
        self.rows[self.next] = [key % 2**30 for key in keys.tolist()]
        return self.skip()

    def skip(self) -> int:
        self.next += 1
        return self.next - 1

    def forget_before(self, number: int) -> None:
        self.first = min(max(self.first, number), self.next)

    def live(self) -> dict[int, list[int]]:
        return {number: keys for number, keys in self.rows.items() if number >= self.first}

    def find(self, keys: NDArray[np.uint32], most: int) -> list[int]:
        found: Counter[int] = Counter()
        for band, key in enumerate(keys.tolist()):
            sharing = [number for number, row in self.live().items() if row[band] == key % 2**30]
            found.update(sharing[-self.depth :])
        return sorted(sorted(found, key=lambda number: (found[number], number), reverse=True)[:most])


def as_keys(keys: list[int], offset: int = 0) -> NDArray[np.uint32]:
    return np.array(keys, np.uint32) + np.uint32(offset)


@given(OPERATIONS, st.integers(1, 5), FIRST)
def test_the_index_finds_what_looking_at_all_articles_would(
    operations: list[tuple[Any, ...]], depth: int, first: int
) -> None:
    naive = NaiveIndex(depth, first)
    indexes = naive, kernels.BucketIndex(BANDS, depth, first), in_python.BucketIndex(BANDS, depth, first)
    for name, *arguments in operations:
        if name == "add":
            keys, amount, step = arguments
            for place in range(amount):
                assert len({index.add(as_keys(keys, place * step)) for index in indexes}) == 1
        elif name == "skip":
            for _ in range(*arguments):
                assert len({index.skip() for index in indexes}) == 1
        elif name == "forget":
            for index in indexes:
                index.forget_before(naive.next - arguments[0])
        else:
            assert_equal(indexes, as_keys(*arguments))
        assert len({len(index) for index in indexes}) == 1
    rebuilt = [*indexes, *rebuilt_from(naive)]
    for keys in ([0, 0, 0], [1, 2, 1 << 20], [2**32 - 1, 17, 1], [33, 32, 48]):
        assert_equal(rebuilt, as_keys(keys))


def assert_equal(indexes: Any, keys: NDArray[np.uint32]) -> None:
    for most in (0, 1, 3, 1000):
        found, *others = (index.find(keys, most) for index in indexes)
        assert all(other == found for other in others)


def rebuilt_from(naive: NaiveIndex) -> Iterator[Any]:
    """Make indexes that know of the live articles, and of nothing before."""
    for kind in (kernels.BucketIndex, in_python.BucketIndex):
        index = kind(BANDS, naive.depth, naive.first)
        live = naive.live()
        for number in range(naive.first, naive.next):
            if number in live:
                index.add(as_keys(live[number]))
            else:
                index.skip()
        yield index


@pytest.mark.parametrize("first", [0, 2**32 - 5_000])
def test_links_that_come_round_again_lead_nowhere_else(first: int) -> None:
    """Hundreds of laps: the shortest links have 6 bits."""
    random = Random(first)
    indexes = kernels.BucketIndex(BANDS, 4, first), in_python.BucketIndex(BANDS, 4, first)
    known = deque([as_keys([0] * BANDS)], maxlen=2_000)
    number = first
    for wanted in [random.choice([0, 3, 20, 200, 1_000]) for _ in range(120)]:
        # Some slots are hit all the time and some hardly ever, so that much of the table lies idle for laps.
        spread = random.choice([2, 40, 4_000])
        for _ in range(random.choice([50, 400])):
            known.append(as_keys([random.randrange(spread) for _ in range(BANDS)]))
            is_found = random.random() < 0.7
            for index in indexes:
                number = index.add(known[-1]) if is_found else index.skip()
                index.forget_before(number - wanted)
            assert_equal(indexes, random.choice(known))
    assert number > first + 10_000


def test_what_a_slot_told_long_ago_is_not_taken_for_new() -> None:
    """The slot that is parted last, and so has the shortest links, lies idle while all else goes elsewhere."""
    for wanted in range(16, 100):
        index = kernels.BucketIndex(1, wanted)
        rare: dict[int, int] = {}
        for number in range(1_200):
            if number % 211 == 0:
                rare[number] = number << 8 | 255
            index.add(as_keys([rare.get(number, 0)]))
            index.forget_before(number + 1 - wanted)
            newest = number - number % 211
            found = [newest] if newest > number - wanted else []
            assert index.find(as_keys([rare[newest]]), 9) == found


@KINDS
def test_what_is_forgotten_is_not_found_however_long_nothing_is_entered(kind: Any) -> None:
    index = kind(BANDS, 8)
    for number in range(64):
        index.add(as_keys([number, number, number]))
    index.forget_before(64)
    for _ in range(300):
        index.forget_before(index.skip() - 20)
        assert [index.find(as_keys([key, key, key]), 9) for key in range(64)] == [[]] * 64


@KINDS
def test_what_was_passed_over_is_not_found(kind: Any) -> None:
    index = kind(BANDS, 8)
    assert [index.skip() for _ in range(200)] == list(range(200))
    assert index.find(as_keys([0, 0, 0]), 9) == []
    assert len(index) == 200


@KINDS
def test_of_too_many_those_that_share_most_buckets_are_kept_and_of_equals_the_newest(kind: Any) -> None:
    index = kind(BANDS, 8)
    for keys in ([1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]):
        index.add(as_keys(keys))
    found = [index.find(as_keys([1, 1, 1]), most) for most in range(6)]
    assert found == [[], [4], [0, 4], [0, 2, 4], [0, 2, 3, 4], [0, 1, 2, 3, 4]]


@KINDS
def test_forgetting_more_than_there_is_leaves_an_empty_index_that_goes_on(kind: Any) -> None:
    index = kind(BANDS, 8, first=10)
    index.add(as_keys([1, 2, 3]))
    index.forget_before(99)
    index.forget_before(-1)
    assert len(index) == 0
    assert index.add(as_keys([1, 2, 3])) == 11
    assert index.find(as_keys([1, 0, 0]), 9) == [11]


def test_space_follows_the_live_articles() -> None:
    if not ARE_COMPILED:
        pytest.skip("tells the bytes of the compiled index")
    random = np.random.default_rng(0)
    num_bands = 160
    index = kernels.BucketIndex(num_bands, 8)
    assert sys.getsizeof(index) < 64_000
    for wanted in (10, 3_000, 12_000, 3_000, 10):
        while len(index) < wanted:
            index.add(random.integers(1 << 32, size=num_bands, dtype=np.uint32))
        index.forget_before(index.skip() + 1 - wanted)
        assert len(index) == wanted
        # Of each band, 4 bytes an article and at most as much for the table; and what is not full yet.
        assert 4 * num_bands * wanted < sys.getsizeof(index) < 8 * num_bands * wanted + 64_000


def test_in_python_nothing_is_kept_of_what_is_forgotten() -> None:
    index = in_python.BucketIndex(BANDS, 2)
    for number in range(500):
        index.add(as_keys([number % 7, number, 5]))
        index.forget_before(number - 9)
    assert [len(newest) for newest in index._newest] == [7, 10, 1]
    assert len(index._rows) == 10
    index.forget_before(500)
    assert not any(index._newest)
    assert not index._rows


@KINDS
@pytest.mark.parametrize("arguments", [(0, 8, 0), (2**16 + 1, 8, 0), (3, 0, 0), (3, 8, -1)])
def test_an_index_that_cannot_be_is_refused(kind: Any, arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"takes 1 to 65536 bands.*not " + ", ".join(map(str, arguments))):
        kind(*arguments)


@KINDS
def test_what_does_not_fit_is_refused_and_changes_nothing(kind: Any) -> None:
    index = kind(BANDS, 8)
    for keys, said in ((np.zeros(4, np.uint32), "4 items.* 3 bands"), (np.zeros(3, np.uint64), "items of 8 bytes")):
        with pytest.raises(ValueError, match=said):
            index.add(keys)
        with pytest.raises(ValueError, match=said):
            index.find(keys, 8)
    with pytest.raises(ValueError, match="at most -1 articles"):
        index.find(as_keys([1, 2, 3]), -1)
    assert len(index) == 0
