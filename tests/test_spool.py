"""The spool gives back what was put in, wherever it lies by now, and lets it go."""

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import spool as module
from pipeline.detection.spool import MemorySpool, Spool
from pipeline.spool import FileSpool

SIZES = st.integers(0, 300) | st.integers(0, 5_000) | st.sampled_from([2_043, 2_044, 2_045, 70_000])


def num_files() -> int:
    """How many files without a name this process holds open."""
    names = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return sum(os.path.exists(name) and os.readlink(name).endswith("(deleted)") for name in names)


def entry_of(number: int, size: int) -> bytes:
    return number.to_bytes(4, "little") * (size // 4) + bytes(size % 4)


@pytest.mark.parametrize("make_spool", [FileSpool, MemorySpool])
@settings(max_examples=60)
@given(steps=st.lists(st.tuples(SIZES, st.integers(0, 20)), max_size=80), segment=st.sampled_from([1, 1_000, 40_000]))
def test_what_was_not_let_go_is_read_as_it_was_put_in(
    make_spool: Callable[[], Spool], steps: list[tuple[int, int]], segment: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SEGMENT", segment)
        patch.setattr(module, "_WRITTEN_AT_ONCE", 3_000)
        spool: Spool = make_spool()
        kept: dict[int, bytes] = {}
        for number, (size, num_let_go) in enumerate(steps):
            entry = entry_of(number, size)
            place = spool.add(entry)
            assert all(place > earlier for earlier in kept)
            kept[place] = entry
            if num_let_go > 10 and num_let_go < len(kept):
                kept = dict(list(kept.items())[num_let_go:])
                spool.forget_before(min(kept))
            assert {place: spool.read(place) for place in kept} == kept


def test_a_short_spool_has_no_file_and_a_long_one_gives_its_files_back() -> None:
    before = num_files()
    spool = FileSpool()
    spool.add(bytes(1_000))
    assert num_files() == before
    places = [spool.add(bytes(60_000)) for _ in range(1_000)]
    assert num_files() == before + 4
    spool.forget_before(places[-1])
    assert num_files() == before + 1
    del spool
    assert num_files() == before


def test_what_is_in_files_is_not_in_memory() -> None:
    spool = FileSpool()
    before = memory()
    for _ in range(1_000):
        spool.add(os.urandom(60_000))
    assert memory() - before < 20_000_000


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_the_disk_does_not_take_stays_in_memory_and_is_told() -> None:
    spool = FileSpool()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    entries = [entry_of(number, 1_500) for number in range(300)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.warns(RuntimeWarning, match="File too large; they stay in memory.* TMPDIR"):
            places = [spool.add(entry) for entry in entries]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [spool.read(place) for place in places] == entries
    places += [spool.add(entry) for entry in entries]
    assert [spool.read(place) for place in places] == entries * 2
