"""What was published, in SQLite: it says where to go on after any end."""

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.durable import make_tables

_VERSION = 1

_SCHEMA = """
CREATE TABLE files (
    topic_id TEXT NOT NULL,     -- of Kafka: a topic that was deleted and made again has another
    path BLOB NOT NULL,         -- absolute, links followed; bytes, since not every path is Unicode
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
    digest TEXT NOT NULL,       -- of the content up to the offset, or of all of it
    offset INTEGER NOT NULL, number INTEGER NOT NULL,
    is_whole INTEGER NOT NULL,  -- whether all that it held was delivered
    PRIMARY KEY (topic_id, device, inode)  -- a file keeps them when it is renamed, as logs are when they are rotated
) WITHOUT ROWID;
CREATE INDEX files_by_path ON files (topic_id, path);
"""


_Row = tuple[str, bytes, int, int, int, int, str, int, int, int]


class MemoryRefused(RuntimeError):
    """The file cannot serve as memory; the message says why and what to do."""


class Look(NamedTuple):
    """What a file looks like from outside; if that has not changed, neither has the file."""

    size: int
    modified_ns: int
    device: int
    inode: int

    @classmethod
    def at(cls, path: str) -> "Look":
        found = os.stat(path)
        return cls(found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is in the topic."""

    path: str
    look: Look
    digest: str
    offset: int
    number: int
    is_whole: bool


class Memory:
    """The files that one topic has, each with how far.

    Parameters
    ----------
    path
        SQLite file, made if it is not there. It is held alone: two publishers need two.
    topic_id
        Id that Kafka gave the topic.

    Raises
    ------
    MemoryRefused
        If another publisher holds it, or it is no such file.
    """

    def __init__(self, path: str, topic_id: str) -> None:
        self._topic_id = topic_id
        try:
            self._database = sqlite3.connect(path, timeout=1, isolation_level=None)
            # The lock ends with the process, however that ends. What a power cut takes back is only sent again.
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._prepare(path)
        except sqlite3.Error as error:
            raise MemoryRefused(_explain(error, path)) from error

    def close(self) -> None:
        self._database.close()

    def get(self, path: str, look: Look) -> Progress | None:
        """Look a file up by what the file system calls it, else (it was replaced) by its path."""
        rows = self._database.execute(
            "SELECT * FROM files WHERE topic_id = ? AND device = ? AND inode = ?",
            (self._topic_id, look.device, look.inode),
        )
        row = rows.fetchone() or self._newest(path)
        return _progress(row) if row else None

    def note(self, made: Iterable[Progress]) -> None:
        """Write down what the broker has acknowledged."""
        rows = [
            (self._topic_id, os.fsencode(one.path), *one.look, one.digest, one.offset, one.number, one.is_whole)
            for one in made
        ]
        if rows:
            self._database.execute("BEGIN")
            self._database.executemany("REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def _prepare(self, path: str) -> None:
        self._database.execute("BEGIN EXCLUSIVE")
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        tables = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables == 0:
            make_tables(self._database, _SCHEMA)
            self._database.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION or not self._has_files():
            raise MemoryRefused(
                f"{path!r} is no memory of publish of version {_VERSION} (it says {version}): give another file as "
                "state in [publish]; what is published again is counted once"
            )
        self._database.execute("COMMIT")

    def _has_files(self) -> bool:
        return bool(self._database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'files'").fetchone()[0])

    def _newest(self, path: str) -> _Row | None:
        rows = self._database.execute(
            "SELECT * FROM files WHERE topic_id = ? AND path = ? ORDER BY modified_ns DESC LIMIT 1",
            (self._topic_id, os.fsencode(path)),
        )
        row: _Row | None = rows.fetchone()
        return row


def _progress(row: _Row) -> Progress:
    _, path, size, modified_ns, device, inode, digest, offset, number, is_whole = row
    look = Look(size, modified_ns, device, inode)
    return Progress(os.fsdecode(path), look, digest, offset, number, bool(is_whole))


def _explain(error: sqlite3.Error, path: str) -> str:
    if "locked" in str(error):
        return f"another publish works with {path!r}: wait for its end, or give this one its own state in [publish]"
    return f"{path!r} cannot serve as memory ({error}): give another file as state in [publish]"
