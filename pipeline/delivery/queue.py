"""The one truth of `wirewatch deliver`: a SQLite file with what came in, and what each destination has still to get."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple

import orjson

from pipeline.durable import DurableFile, make_tables, take_lock

FORMAT = 1
"""Of the tables below; raise it with any change of them."""

_YEAR = 366 * 86_400.0
"""How long an event is known again if it comes twice, and how far a story's alerts had come."""

_TABLES = """
CREATE TABLE about (format INTEGER NOT NULL);
CREATE TABLE positions (stream TEXT PRIMARY KEY, next INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, stream TEXT NOT NULL,
                     position INTEGER NOT NULL, received_at REAL NOT NULL, line BLOB);
CREATE TABLE destinations (name TEXT PRIMARY KEY, sorted INTEGER NOT NULL, starts TEXT NOT NULL,
                           is_enrolled INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE alerted (destination TEXT NOT NULL, rule TEXT NOT NULL, story TEXT NOT NULL, rung INTEGER NOT NULL,
                      alerted_at REAL NOT NULL, PRIMARY KEY (destination, rule, story)) WITHOUT ROWID;
CREATE TABLE deliveries (destination TEXT NOT NULL, number INTEGER NOT NULL, rules TEXT NOT NULL, due_at REAL NOT NULL,
                         first_at REAL, attempts INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
                         is_dead INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (destination, number)) WITHOUT ROWID;
CREATE INDEX due ON deliveries (destination, is_dead, due_at, number);
"""

Positions = Mapping[str, tuple[int, str]]
"""For each stream where to read on, and what the feed noted of that place."""


class QueueRefused(RuntimeError):
    """The file is no queue of this program, or in use; the message says what to do."""


class Received(NamedTuple):
    """A story event as a feed found it."""

    stream: str
    position: int
    """Where it begins."""
    next: int
    """Where to read on."""
    detail: str
    """What the feed wants to know of this place again."""
    id: str
    """Empty where what was found is no story event: then only the place is taken note of."""
    line: bytes


class Numbered(NamedTuple):
    """A story event that a destination has not looked at yet."""

    number: int
    stream: str
    position: int
    line: bytes


class Delivery(NamedTuple):
    """A story event that a destination has to get."""

    number: int
    line: bytes
    rules: tuple[str, ...]
    due_at: float
    first_at: float | None
    """When it first could not be delivered, in seconds since 1970; none for never."""
    attempts: int
    reason: str
    """Why the last attempt failed."""


class Queue(DurableFile):
    """One connection to the file; each thread has its own.

    Parameters
    ----------
    path
        The file; `open_queue` must have made it.
    """

    # What came in

    def positions(self) -> Positions:
        rows = self.connection.execute("SELECT stream, next, detail FROM positions")
        return {stream: (position, detail) for stream, position, detail in rows}

    def take(self, items: Sequence[Received], now: float) -> int:
        """Take in what was read, and how far that is; gives how many of the events were new."""
        with self.transaction():
            before = self.connection.total_changes
            self.connection.executemany(
                "INSERT OR IGNORE INTO events (id, stream, position, received_at, line) VALUES (?, ?, ?, ?, ?)",
                [(item.id, item.stream, item.position, now, item.line) for item in items if item.id],
            )
            num_new = self.connection.total_changes - before
            self.connection.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
                [(item.stream, item.next, item.detail) for item in items],
            )
        return num_new

    def prune(self, now: float, keep_seconds: float) -> None:
        """Let go of the text of events that no destination has still to get, and after a year of their ids."""
        needed = (
            "number > (SELECT min(sorted) FROM destinations WHERE is_enrolled) "
            "OR EXISTS (SELECT 1 FROM deliveries WHERE deliveries.number = events.number)"
        )
        with self.transaction():
            self.connection.execute(
                f"UPDATE events SET line = NULL WHERE line IS NOT NULL AND received_at < ? AND NOT ({needed})",
                (now - keep_seconds,),
            )
            self.connection.execute("DELETE FROM events WHERE line IS NULL AND received_at < ?", (now - _YEAR,))
            self.connection.execute("DELETE FROM alerted WHERE alerted_at < ?", (now - _YEAR,))

    # What a destination has looked at

    def enrol(self, names: Sequence[str], starts: Callable[[str], Mapping[str, int]]) -> None:
        """Take in the destinations of the configuration; those that it no longer has hold nothing back.

        Parameters
        ----------
        names
            All there are.
        starts
            Gives for one that is new where each stream begins for it.
        """
        with self.transaction():
            self.connection.execute("UPDATE destinations SET is_enrolled = 0")
            for name in names:
                is_known = self.connection.execute(
                    "UPDATE destinations SET is_enrolled = 1 WHERE name = ?", (name,)
                ).rowcount
                if not is_known:
                    given = orjson.dumps(dict(starts(name))).decode()
                    self.connection.execute("INSERT INTO destinations VALUES (?, 0, ?, 1)", (name, given))

    def starts(self, destination: str) -> Mapping[str, int]:
        """Give where each stream begins for a destination; one that is missing begins at 0."""
        query = "SELECT starts FROM destinations WHERE name = ?"
        (starts,) = self.connection.execute(query, (destination,)).fetchone()
        return dict(orjson.loads(starts))

    def unsorted(self, destination: str, limit: int) -> list[Numbered]:
        """Give the next events that a destination has not looked at, in order."""
        rows = self.connection.execute(
            "SELECT number, stream, position, line FROM events WHERE line IS NOT NULL AND number > "
            "(SELECT sorted FROM destinations WHERE name = ?) ORDER BY number LIMIT ?",
            (destination, limit),
        )
        return [Numbered(*row) for row in rows]

    def mark_sorted(self, destination: str, number: int) -> None:
        """Note that a destination has looked at every event up to a number."""
        self.connection.execute("UPDATE destinations SET sorted = ? WHERE name = ?", (number, destination))

    def alerted(self, destination: str, rule: str, story: str) -> int | None:
        """Give the highest rung at which a rule alerted a destination of a story."""
        query = "SELECT rung FROM alerted WHERE destination = ? AND rule = ? AND story = ?"
        row = self.connection.execute(query, (destination, rule, story)).fetchone()
        return None if row is None else int(row[0])

    def mark_alerted(self, destination: str, rule: str, story: str, rung: int, now: float) -> None:
        key = (destination, rule, story, rung, now)
        self.connection.execute("INSERT OR REPLACE INTO alerted VALUES (?, ?, ?, ?, ?)", key)

    # What a destination has to get

    def add(self, destination: str, number: int, rules: Sequence[str], due_at: float) -> None:
        self.connection.execute(
            "INSERT INTO deliveries (destination, number, rules, due_at) VALUES (?, ?, ?, ?)",
            (destination, number, " ".join(rules), due_at),
        )

    def due(self, destination: str, now: float, limit: int) -> list[Delivery]:
        """Give what may be tried, the earliest first."""
        return self._deliveries("destination = ? AND is_dead = 0 AND due_at <= ?", (destination, now), limit)

    def next_due(self, destination: str) -> float | None:
        """Give when something can be tried, in seconds since 1970; none while nothing waits."""
        query = "SELECT min(due_at) FROM deliveries WHERE destination = ? AND is_dead = 0"
        (moment,) = self.connection.execute(query, (destination,)).fetchone()
        return None if moment is None else float(moment)

    def finish(self, destination: str, numbers: Sequence[int]) -> None:
        """Note that these were delivered."""
        with self.transaction():
            self.connection.executemany(
                "DELETE FROM deliveries WHERE destination = ? AND number = ?",
                [(destination, number) for number in numbers],
            )

    def postpone(self, destination: str, number: int, *, now: float, reason: str, due_at: float) -> None:
        """Note that a delivery failed, and when to try it again."""
        with self.transaction():
            self._note_failure(destination, number, now, reason)
            self.connection.execute(
                "UPDATE deliveries SET due_at = ? WHERE destination = ? AND number = ?", (due_at, destination, number)
            )

    def hold(self, destination: str, numbers: Sequence[int], *, now: float, reason: str) -> None:
        """Note that these failed since the destination takes nothing: the time of all that is due runs from now."""
        with self.transaction():
            for number in numbers:
                self._note_failure(destination, number, now, reason)
            self.connection.execute(
                "UPDATE deliveries SET first_at = ?, reason = ? "
                "WHERE destination = ? AND is_dead = 0 AND due_at <= ? AND first_at IS NULL",
                (now, reason, destination, now),
            )

    def _note_failure(self, destination: str, number: int, now: float, reason: str) -> None:
        self.connection.execute(
            "UPDATE deliveries SET attempts = attempts + 1, first_at = coalesce(first_at, ?), reason = ? "
            "WHERE destination = ? AND number = ?",
            (now, reason, destination, number),
        )

    def bury(self, destination: str, *, first_before: float) -> int:
        """Give up what could not be delivered since before a time: it becomes dead letters; gives how many."""
        with self.transaction():
            return self.connection.execute(
                "UPDATE deliveries SET is_dead = 1 WHERE destination = ? AND is_dead = 0 AND first_at <= ?",
                (destination, first_before),
            ).rowcount

    def dead(self, destination: str) -> list[Delivery]:
        """Give the dead letters of a destination, the oldest first."""
        return sorted(self._deliveries("destination = ? AND is_dead = 1", (destination,), -1))

    def revive(self, destination: str, now: float) -> int:
        """Let the dead letters of a destination be tried again from now on; gives how many."""
        with self.transaction():
            return self.connection.execute(
                "UPDATE deliveries SET is_dead = 0, due_at = ?, first_at = NULL, attempts = 0 "
                "WHERE destination = ? AND is_dead = 1",
                (now, destination),
            ).rowcount

    def counts(self, destination: str) -> tuple[int, int]:
        """Count what waits and what is dead."""
        query = "SELECT is_dead, count(*) FROM deliveries WHERE destination = ? GROUP BY is_dead"
        found = dict(self.connection.execute(query, (destination,)).fetchall())
        return found.get(0, 0), found.get(1, 0)

    def _deliveries(self, condition: str, values: tuple[object, ...], limit: int) -> list[Delivery]:
        rows = self.connection.execute(
            "SELECT number, line, rules, due_at, first_at, attempts, reason FROM deliveries JOIN events USING (number) "
            f"WHERE {condition} ORDER BY due_at, number LIMIT ?",
            (*values, limit),
        )
        return [Delivery(number, line, tuple(rules.split()), *rest) for number, line, rules, *rest in rows]


@contextmanager
def open_queue(path: str) -> Iterator[Queue]:
    """Open the file for one delivering process, and make it if it is not there.

    Raises
    ------
    QueueRefused
        If another process delivers from it, or if it is no queue of this program.
    """
    try:
        lock = take_lock(path)
    except BlockingIOError as error:
        raise QueueRefused(
            f"{path!r} is in use by another `wirewatch deliver`; stop that one, or give this one a [deliver] state "
            "of its own"
        ) from error
    except OSError as error:
        raise QueueRefused(
            f"{path!r} cannot be made: {error.strerror}; give [deliver] state a folder that can be written"
        ) from error
    with lock, closing(_opened(path, _make)) as queue:
        yield queue


@contextmanager
def read_queue(path: str) -> Iterator[Queue]:
    """Open a file that is there, beside the process that may deliver from it.

    Raises
    ------
    QueueRefused
        If there is none, or if it is no queue of this program.
    """
    if not os.path.exists(path):
        raise _nothing_yet(path)
    with closing(_opened(path)) as queue:
        yield queue


def _make(queue: Queue) -> None:
    """Make the tables of a file that has none; only who holds the lock may."""
    queue.connection.execute("PRAGMA journal_mode = WAL")
    if not queue.connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        with queue.transaction():
            make_tables(queue.connection, _TABLES)
            queue.connection.execute("INSERT INTO about VALUES (?)", (FORMAT,))


def _nothing_yet(path: str) -> QueueRefused:
    return QueueRefused(
        f"{path!r} is not there, or empty: nothing was delivered yet, or [deliver] state names another file"
    )


def _opened(path: str, prepare: Callable[[Queue], None] = lambda _: None) -> Queue:
    try:
        queue = Queue(path)
        prepare(queue)
        connection = queue.connection
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if not tables:
            raise _nothing_yet(path)  # it is being made
        if "deliveries" not in tables:
            raise QueueRefused(f"{path!r} is a SQLite file of something else; name another in [deliver] state")
        (found,) = connection.execute("SELECT format FROM about").fetchone()
    except sqlite3.DatabaseError as error:
        raise QueueRefused(
            f"{path!r} cannot be read as SQLite: {error}; put a backup back, or name a new file in [deliver] state"
        ) from error
    if found != FORMAT:
        raise QueueRefused(
            f"{path!r} has format {found}, but this program reads {FORMAT}: run the program that wrote it, or name a "
            "new file in [deliver] state"
        )
    return queue
