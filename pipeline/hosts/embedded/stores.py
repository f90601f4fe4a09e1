"""The journal's durable state as rows of SQLite, one set for each language."""

from collections.abc import Iterator
from sqlite3 import Connection

from pipeline.detection.journal import NUM_BAGS, Stores


class SqlBag:
    """An append-only bag: the rows of one language and place."""

    def __init__(self, connection: Connection, language: str, place: int) -> None:
        self._connection = connection
        self._key = (language, place)

    def read(self) -> Iterator[bytes]:
        rows = self._connection.execute("SELECT element FROM bag WHERE language = ? AND place = ?", self._key)
        return (element for (element,) in rows)

    def add(self, element: bytes) -> None:
        self._connection.execute("INSERT INTO bag (language, place, element) VALUES (?, ?, ?)", (*self._key, element))

    def clear(self) -> None:
        self._connection.execute("DELETE FROM bag WHERE language = ? AND place = ?", self._key)


class SqlValue:
    """One value of one language."""

    def __init__(self, connection: Connection, language: str, name: str) -> None:
        self._connection = connection
        self._key = (language, name)

    def read(self) -> bytes | None:
        row = self._connection.execute("SELECT value FROM cell WHERE language = ? AND name = ?", self._key).fetchone()
        return None if row is None else bytes(row[0])

    def write(self, value: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO cell VALUES (?, ?, ?)", (*self._key, value))

    def clear(self) -> None:
        self._connection.execute("DELETE FROM cell WHERE language = ? AND name = ?", self._key)


def stores_of(connection: Connection, language: str) -> Stores:
    """Give the stores of one language; they write into whatever transaction is open."""
    *bags, core = [SqlBag(connection, language, place) for place in range(NUM_BAGS + 1)]
    return Stores(bags, core, SqlValue(connection, language, "cell"))
