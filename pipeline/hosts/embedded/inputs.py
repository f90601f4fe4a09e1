"""What the loop asks of an input, be it Kafka or a folder."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pipeline.records import DeadLetter, RawArticle

Positions = Mapping[str, tuple[int, str]]
"""For each stream (a partition, a file): where to read on, and what the input noted of it."""


class Item(NamedTuple):
    """One thing that was read, and where its stream goes on behind it."""

    stream: str
    position: int
    detail: str
    partition: str | None
    """Whose watermark its event time moves; none where order of reading says nothing of time."""
    found: RawArticle | DeadLetter | None
    """None where the stream moved on without an article."""


class Input(Protocol):
    """Reads articles from where it is told to, and never moves on its own."""

    def rewind(self, positions: Positions) -> None:
        """Go to these positions, streams that are not among them to their beginning."""

    def read(self, seconds: float, limit: int) -> Sequence[Item]:
        """Wait so long for at most so many items."""

    def partitions(self) -> Sequence[str]:
        """Name all partitions that the watermark must wait for."""

    def silent(self) -> Mapping[str, int]:
        """Tell since when, in microseconds since 1970, nothing more was in a partition; only where that is known."""

    def close(self) -> None:
        """Let go of what is open."""
