"""Where story events come from: what delivery asks of Kafka and of files alike."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipeline.delivery.queue import Positions, Received
from pipeline.events import MalformedEvent, event_from


class FeedFailed(RuntimeError):
    """Story events cannot be read; the message says what to do."""


class Feed(Protocol):
    """A place where story events are read, once each and in order."""

    def open(self, positions: Positions) -> None:
        """Go on from what was noted.

        Raises
        ------
        FeedFailed
            If that cannot be.
        """

    def ends(self) -> Mapping[str, int]:
        """Give for each stream where it ends just now: a destination that is new may begin there."""

    def read(self, seconds: float) -> Sequence[Received]:
        """Give what is new, after at most so many seconds."""

    def trouble(self) -> str:
        """Say why nothing can be read just now; empty when it can."""

    def close(self) -> None: ...


def id_of(line: bytes) -> str:
    """Give the id of a story event in CloudEvents JSON; empty where it is none."""
    try:
        return event_from(line).id
    except MalformedEvent:
        return ""
