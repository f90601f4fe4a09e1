"""Where encoded sketches lie: seldom read, and in memory half of what an article takes."""

from typing import Protocol


class Spool(Protocol):
    """Keeps byte strings, to be read by their places until they are let go, the oldest first."""

    def add(self, entry: bytes) -> int:
        """Keep an entry; gives its place, which is beyond all earlier ones."""

    def read(self, place: int) -> bytes:
        """Read an entry that was not let go."""

    def forget_before(self, place: int) -> None:
        """Let the entries before a place go."""


class MemorySpool:
    """Keeps them in memory: for what does not run for long."""

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._first = 0

    def add(self, entry: bytes) -> int:
        self._entries.append(entry)
        return self._first + len(self._entries) - 1

    def read(self, place: int) -> bytes:
        return self._entries[place - self._first]

    def forget_before(self, place: int) -> None:
        del self._entries[: place - self._first]
        self._first = max(self._first, place)
