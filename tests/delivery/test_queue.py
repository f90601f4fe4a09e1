"""The queue's file: what is remembered, what is let go of, what is refused."""

import sqlite3
from pathlib import Path

import pytest

from pipeline.delivery.queue import Queue, QueueRefused, Received, open_queue, read_queue
from tests.delivery.making import line

DAY = 86_400.0


def take(queue: Queue, *numbers: int, now: float = 0.0) -> int:
    items = [Received("events", number, number + 1, "", f"{number:016x}-1", line(number)) for number in numbers]
    return queue.take(items, now)


def numbers_of(queue: Queue, name: str) -> list[int]:
    return [event.position for event in queue.unsorted(name, 100)]


def sort_twice(queue: Queue) -> None:
    with queue.transaction():
        for _ in range(2):
            queue.mark_sorted("desk", 1)
            queue.add("desk", 1, (), 0.0)


def test_an_event_is_known_when_it_comes_again(tmp_path: Path) -> None:
    with open_queue(str(tmp_path / "q.db")) as queue:
        queue.enrol(["desk"], lambda _: {})
        assert take(queue, 1, 2) == 2
        assert take(queue, 2, 3) == 1
        assert numbers_of(queue, "desk") == [1, 2, 3]
        assert queue.positions() == {"events": (4, "")}


def test_what_is_no_event_moves_the_position_and_nothing_else(tmp_path: Path) -> None:
    with open_queue(str(tmp_path / "q.db")) as queue:
        queue.enrol(["desk"], lambda _: {})
        assert queue.take([Received("events", 0, 7, "d", "", b"garbage")], 0.0) == 0
        assert queue.positions() == {"events": (7, "d")}
        assert numbers_of(queue, "desk") == []


def test_pruning_keeps_what_somebody_needs_and_knows_the_rest_for_a_year(tmp_path: Path) -> None:
    with open_queue(str(tmp_path / "q.db")) as queue:
        queue.enrol(["slow", "fast"], lambda _: {})
        take(queue, 1, 2, 3)
        with queue.transaction():
            queue.mark_sorted("fast", 3)
            queue.mark_sorted("slow", 2)
            queue.add("slow", 1, (), 0.0)
        queue.prune(8 * DAY, 7 * DAY)
        assert numbers_of(queue, "slow") == [3]
        assert [delivery.line for delivery in queue.due("slow", DAY, 9)] == [line(1)]
        queue.enrol(["slow", "fast", "new"], lambda _: {})
        assert numbers_of(queue, "new") == [1, 3]
        assert take(queue, 2, now=8 * DAY) == 0
        queue.prune(400 * DAY, 7 * DAY)
        assert take(queue, 2, now=400 * DAY) == 1


def test_a_destination_that_left_the_configuration_holds_nothing_back_and_finds_its_place_again(tmp_path: Path) -> None:
    with open_queue(str(tmp_path / "q.db")) as queue:
        queue.enrol(["stays", "leaves"], lambda _: {"events": 5})
        take(queue, 1, 2)
        with queue.transaction():
            queue.mark_sorted("stays", 2)
            queue.mark_sorted("leaves", 1)
        queue.enrol(["stays"], lambda _: {})
        queue.prune(8 * DAY, 7 * DAY)
        take(queue, 3)
        queue.enrol(["stays", "leaves"], lambda _: {})
        assert numbers_of(queue, "leaves") == [3]
        assert queue.starts("leaves") == {"events": 5}


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_queue(str(tmp_path / "q.db")) as queue:
        queue.enrol(["desk"], lambda _: {})
        take(queue, 1)
        with pytest.raises(sqlite3.IntegrityError):
            sort_twice(queue)
        assert numbers_of(queue, "desk") == [1]
        assert queue.counts("desk") == (0, 0)


def test_one_process_delivers_and_another_may_look(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "q.db")
    with open_queue(path) as queue:
        queue.enrol(["desk"], lambda _: {})
        with pytest.raises(QueueRefused, match="in use by another"), open_queue(path):
            pass
        with read_queue(path) as second:
            assert second.dead("desk") == []
    with open_queue(path):
        pass


def test_a_file_of_something_else_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but a text that is long enough")
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE mine (x)")
    with open_queue(str(tmp_path / "old.db")):
        pass
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE about SET format = 99")
    for name, problem in (("text", "cannot be read"), ("other", "something else"), ("old", "has format 99")):
        with pytest.raises(QueueRefused, match=problem), open_queue(str(tmp_path / f"{name}.db")):
            pass
    with pytest.raises(QueueRefused, match="is not there"), read_queue(str(tmp_path / "none.db")):
        pass


def test_who_reads_a_file_that_is_just_being_made_leaves_it_to_its_maker(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    path.touch()  # as it is between its opening and its tables
    with pytest.raises(QueueRefused, match="nothing was delivered yet"), read_queue(str(path)):
        pass
    assert not path.stat().st_size
    with open_queue(str(path)) as queue, read_queue(str(path)) as reader:
        take(queue, 1)
        assert reader.positions() == {"events": (2, "")}
