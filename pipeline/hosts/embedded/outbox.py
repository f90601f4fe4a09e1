"""Records that are to be told, numbered, in the same SQLite file as what they came from."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from pipeline.hosts.embedded.state import State
from pipeline.records import DeadLetter, StoryEvent
from pipeline.sinks.cloudevents import (
    Headers,
    dead_letter_headers,
    dead_letter_value,
    event_headers,
    event_key,
    event_value,
)

KEPT_SECONDS = 7 * 86_400.0
"""How long a row stays after it was told: as long as the broker keeps a cursor, so that losing one loses nothing."""

Kind = Literal["event", "dead-letter"]
_HEADERS = msgspec.msgpack.Decoder(list[tuple[str, bytes]])


class Row(NamedTuple):
    """One record on its way out, encoded as it travels in Kafka."""

    number: int
    kind: Kind
    key: bytes | None
    headers: Headers
    value: bytes


class Outbox:
    """The rows of one state file. The loop adds, the sender reads and prunes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._connection = state.connection

    def add_event(self, event: StoryEvent, source: str, now: float) -> None:
        self._add("event", event_key(event), event_headers(event, source), event_value(event), now)

    def add_dead_letter(self, letter: DeadLetter, now: float) -> None:
        self._add("dead-letter", None, dead_letter_headers(letter), dead_letter_value(letter), now)

    def _add(self, kind: Kind, key: bytes | None, headers: Headers, value: bytes, now: float) -> None:
        self._connection.execute(
            "INSERT INTO outbox (kind, key, headers, value, written_at) VALUES (?, ?, ?, ?, ?)",
            (kind, key, msgspec.msgpack.encode(headers), value, now),
        )

    def last(self) -> int:
        """Give the greatest number ever used; 0 for none. Pruning does not change it."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
        return 0 if row is None else int(row[0])

    def after(self, number: int, limit: int) -> list[Row]:
        """Give the next rows above a number, in order."""
        rows = self._connection.execute(
            "SELECT number, kind, key, headers, value FROM outbox WHERE number > ? ORDER BY number LIMIT ?",
            (number, limit),
        )
        return [Row(number, kind, key, _HEADERS.decode(headers), value) for number, kind, key, headers, value in rows]

    def sent(self) -> int:
        """Give the number up to which rows were certainly told."""
        (number,) = self._connection.execute("SELECT number FROM sent").fetchone()
        return int(number)

    def mark_sent(self, number: int, lengths: Mapping[str, int]) -> None:
        with self._state.transaction():
            self._connection.execute("UPDATE sent SET number = ?", (number,))
            self._connection.executemany("INSERT OR REPLACE INTO lengths VALUES (?, ?)", lengths.items())

    def lengths(self) -> dict[str, int]:
        """Give the length of each output file when it was last certainly complete."""
        return dict(self._connection.execute("SELECT path, length FROM lengths").fetchall())

    def prune(self, now: float) -> None:
        """Let go of rows that were told and have been kept long enough."""
        with self._state.transaction():
            self._connection.execute(
                "DELETE FROM outbox WHERE number <= (SELECT number FROM sent) AND written_at < ?", (now - KEPT_SECONDS,)
            )
