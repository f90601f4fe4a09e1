"""The one truth of the embedded host: a SQLite file.

`docs/decisions/0006-exactly-once.md` says what is written when, and why.
"""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
import orjson

from pipeline.config import DetectionConfig
from pipeline.detection import codec
from pipeline.detection.fingerprint import Rules
from pipeline.durable import DurableFile, make_tables, take_lock
from pipeline.hosts.embedded.errors import StateRefused

FORMAT = 1
"""Of the tables below; raise it with any change of them."""

_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE bag (number INTEGER PRIMARY KEY, language TEXT NOT NULL, place INTEGER NOT NULL, element BLOB NOT NULL);
CREATE INDEX bag_of ON bag (language, place);
CREATE TABLE cell (language TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (language, name));
CREATE TABLE positions (stream TEXT PRIMARY KEY, next INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE newest (partition TEXT PRIMARY KEY, moment INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), watermark INTEGER);
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key BLOB, headers BLOB NOT NULL,
                     value BLOB NOT NULL, written_at REAL NOT NULL);
CREATE TABLE sent (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
CREATE TABLE lengths (path TEXT PRIMARY KEY, length INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO progress VALUES (1, NULL);
INSERT INTO sent VALUES (1, 0);
"""

_MAY_CHANGE = {f"detection.stories.{name}" for name in Rules._fields}
"""Each journal keeps by which rules of emergence it told, and takes new ones over (`Journal.load`)."""


class State(DurableFile):
    """One connection to the state file; the sender's thread has one of its own.

    Parameters
    ----------
    path
        The file; it must have been made by `open_state`.
    """

    @property
    def id(self) -> str:
        """Name this file, so that a cursor tells whose it is."""
        (found,) = self.connection.execute("SELECT value FROM about WHERE name = 'id'").fetchone()
        return str(found)

    def languages(self) -> list[str]:
        rows = self.connection.execute("SELECT language FROM cell WHERE name = 'cell' ORDER BY language")
        return [language for (language,) in rows]

    def positions(self) -> dict[str, tuple[int, str]]:
        """Give for each stream the place to read on, and what the input noted of it."""
        rows = self.connection.execute("SELECT stream, next, detail FROM positions")
        return {stream: (position, detail) for stream, position, detail in rows}

    def move(self, stream: str, position: int, detail: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (stream, position, detail))

    def newest(self) -> dict[str, int]:
        return dict(self.connection.execute("SELECT partition, moment FROM newest").fetchall())

    def watermark(self) -> int | None:
        (watermark,) = self.connection.execute("SELECT watermark FROM progress").fetchone()
        return None if watermark is None else int(watermark)

    def progress(self, watermark: int | None, newest: dict[str, int]) -> None:
        self.connection.execute("UPDATE progress SET watermark = ?", (watermark,))
        self.connection.executemany("INSERT OR REPLACE INTO newest VALUES (?, ?)", newest.items())


@contextmanager
def open_state(path: str, config: DetectionConfig) -> Iterator[State]:
    """Open the state file for one process, and make it if it is not there.

    Raises
    ------
    StateRefused
        If another process uses it, or if it is no state of this program and this configuration.
    """
    try:
        lock = take_lock(path)
    except BlockingIOError as error:
        raise StateRefused(
            f"state {path!r} is in use by another `wirewatch run`; stop that one, or give this one a [run] state "
            "of its own"
        ) from error
    except OSError as error:
        raise StateRefused(
            f"state {path!r} cannot be made: {error.strerror}; give [run] state a folder that can be written"
        ) from error
    with lock, closing(_opened(path, config)) as state:
        yield state


def _opened(path: str, config: DetectionConfig) -> State:
    try:
        state = State(path)
        # Of a new file; articles of some 1.4 KB would leave a third of the usual pages empty.
        state.connection.execute("PRAGMA page_size = 16384")
        (journal_mode,) = state.connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if journal_mode != "wal":
            raise StateRefused(f"state {path!r} lies where SQLite cannot keep a write-ahead log; use a local disk")
        if not state.connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            _make(state, config)
        _check(state, config)
    except sqlite3.DatabaseError as error:
        raise StateRefused(
            f"state {path!r} cannot be read as SQLite: {error}; put a backup back, or name a new file in [run] state"
        ) from error
    return state


def _make(state: State, config: DetectionConfig) -> None:
    detection = msgspec.json.encode(config).decode()
    about = {"format": FORMAT, "codec": codec.VERSION, "detection": detection, "id": uuid.uuid4().hex}
    with state.transaction():
        make_tables(state.connection, _TABLES)
        state.connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())


def _check(state: State, config: DetectionConfig) -> None:
    fresh = "name a new file in [run] state and read the articles of the last horizon again"
    if not state.connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'about'").fetchone():
        raise StateRefused(f"{state.path!r} is a SQLite file, but no state of `wirewatch run`; {fresh}")
    about = dict(state.connection.execute("SELECT name, value FROM about").fetchall())
    for name, version in (("format", FORMAT), ("codec", codec.VERSION)):
        if about.get(name) != version:
            raise StateRefused(
                f"state {state.path!r} has {name} {about.get(name)}, but this program reads {version}: run the program "
                f"that wrote it, or {fresh}"
            )
    before, now = orjson.loads(about["detection"]), orjson.loads(msgspec.json.encode(config))
    changes = "; ".join(_changes(before, now))
    if changes:
        raise StateRefused(
            f"state {state.path!r} was made under another configuration: {changes}. Events already told came from the "
            f"old values: put them back, or {fresh}"
        )


def _changes(before: dict[str, object], now: dict[str, object], place: str = "detection") -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{place}.{name}")
        elif old != new and f"{place}.{name}" not in _MAY_CHANGE:
            yield f"{place}.{name} was {old}, now {new}"
