"""A file of events that grows, is cut back and written again, or is replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.delivery.jsonl_feed import JsonlFeed
from pipeline.delivery.queue import Queue, open_queue
from tests.delivery.making import line


class Reader:
    """A feed and the queue that remembers its place."""

    def __init__(self, path: Path, queue: Queue) -> None:
        self.path = path
        self.queue = queue
        self.feed = JsonlFeed(str(path))
        self.feed.open(queue.positions())

    def restart(self) -> None:
        self.feed.close()
        self.feed = JsonlFeed(str(self.path))
        self.feed.open(self.queue.positions())

    def new(self) -> int:
        """Read once; gives how many events were new."""
        return self.queue.take(self.feed.read(0), 0.0)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with open_queue(str(tmp_path / "q.db")) as queue:
        reader = Reader(tmp_path / "events.jsonl", queue)
        yield reader
        reader.feed.close()


def lines(*numbers: int) -> bytes:
    return b"".join(line(number) + b"\n" for number in numbers)


def test_a_file_that_comes_later_and_grows_is_read_once(reader: Reader) -> None:
    assert reader.new() == 0
    assert "is not there" in reader.feed.trouble()
    reader.path.write_bytes(lines(1) + line(2)[:50])
    assert reader.new() == 1
    assert reader.feed.trouble() == ""
    with reader.path.open("ab") as file:
        file.write(line(2)[50:] + b"\n" + lines(3))
    assert reader.new() == 2
    reader.restart()
    assert reader.feed.read(0) == []
    with reader.path.open("ab") as file:
        file.write(lines(4))
    assert reader.new() == 1


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_file_that_is_cut_back_and_written_again_is_waited_for(reader: Reader, is_restarted: bool) -> None:
    reader.path.write_bytes(lines(1, 2, 3))
    assert reader.new() == 3
    with reader.path.open("r+b") as file:
        file.truncate(len(lines(1)))
    if is_restarted:
        reader.restart()
    assert reader.new() == 0
    assert "waiting for it to grow again" in reader.feed.trouble()
    with reader.path.open("ab") as file:
        file.write(lines(2, 3, 4))
    assert [len(item.line) for item in reader.feed.read(0)] == [len(line(4))]


def test_a_file_that_took_the_name_is_read_from_its_beginning_and_what_it_repeats_is_known(reader: Reader) -> None:
    reader.path.write_bytes(lines(1, 2, 3))
    assert reader.new() == 3
    replayed = reader.path.with_name("replayed")
    replayed.write_bytes(lines(1, 9, 2, 3))
    replayed.rename(reader.path)
    assert reader.new() == 1
    assert reader.new() == 0


def test_what_an_old_file_still_held_is_read_before_the_new_one(reader: Reader) -> None:
    reader.path.write_bytes(lines(1))
    assert reader.new() == 1
    with reader.path.open("ab") as file:
        file.write(lines(2) + b"half a line")
    replayed = reader.path.with_name("replayed")
    replayed.write_bytes(lines(3))
    replayed.rename(reader.path)
    assert reader.new() + reader.new() == 2


def test_other_content_under_the_same_name_is_read_from_its_beginning(reader: Reader) -> None:
    reader.path.write_bytes(lines(1, 2))
    assert reader.new() == 2
    with reader.path.open("r+b") as file:  # the same file to the system
        file.truncate(0)
        file.write(lines(5, 6, 7))
    assert reader.new() == 3


def test_a_destination_that_is_new_may_begin_at_the_end(reader: Reader) -> None:
    reader.path.write_bytes(lines(1, 2))
    reader.restart()
    ((stream, end),) = reader.feed.ends().items()
    items = reader.feed.read(0)
    with reader.path.open("ab") as file:
        file.write(lines(3))
    items = [*items, *reader.feed.read(0)]
    assert [item.position < end for item in items] == [True, True, False]
    assert {item.stream for item in items} == {stream}


def test_a_line_that_is_no_event_is_told_apart(reader: Reader) -> None:
    reader.path.write_bytes(b"garbage\n" + lines(1) + b"{}\n")
    assert [bool(item.id) for item in reader.feed.read(0)] == [False, True, False]
