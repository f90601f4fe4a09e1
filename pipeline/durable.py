"""SQLite files that stay whole however a process ends: connections, transactions, tables, and the lock beside them."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class DurableFile:
    """One connection to a SQLite file; each thread has its own.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # Autocommit, so that a transaction begins where the code says so.
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self.connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that is written inside durable at its end, or nothing of it if an exception leaves it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise


def make_tables(connection: sqlite3.Connection, statements: str) -> None:
    """Run statements that each end a line, within the transaction at hand (``executescript`` would commit it)."""
    for statement in filter(str.strip, statements.split(";\n")):
        connection.execute(statement)


def take_lock(path: str) -> BinaryIO:
    """Make ``PATH.lock``, and its folder; it is held alone until it is closed or the process ends.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    OSError
        If it cannot be made.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lock = open(f"{path}.lock", "ab")  # noqa: SIM115 - closed by the caller
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise
    return lock
