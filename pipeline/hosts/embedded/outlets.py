"""Where the sender puts rows: what it asks of Kafka and of files alike."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pipeline.hosts.embedded.outbox import Row


class Told(NamedTuple):
    """How far the outside world is."""

    number: int
    """Every row up to it was told."""
    lengths: Mapping[str, int]
    """Length of each output file, if there are any."""


class Outlet(Protocol):
    """Tells rows to the outside world, each call whole or not at all."""

    def open(self, sent: int, last: int) -> Told:
        """Recover: undo or finish what was begun before.

        Parameters
        ----------
        sent
            Number up to which rows were certainly told.
        last
            Greatest number that was ever used.
        """

    def tell(self, rows: Sequence[Row], number: int) -> Told:
        """Tell rows, the last of them numbered `number`; without rows, only confirm that number."""

    def close(self) -> None:
        """Let go at once; what was begun and not finished is undone by the next `open`."""
