"""What delivery asks of a destination, and how one says that it failed."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Refused(RuntimeError):
    """The destination answers, but does not take this delivery: others may pass it meanwhile."""


class Unavailable(RuntimeError):
    """The destination takes nothing just now: all its deliveries wait.

    Parameters
    ----------
    reason
        What happened.
    seconds
        How long it asked to be left alone.
    """

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Parcel(NamedTuple):
    """What is handed to a destination."""

    line: bytes
    """The story event as CloudEvents JSON."""
    rules: tuple[str, ...]
    """Names of the rules that fired."""


class Destination(Protocol):
    """Somewhere events go. Used by one thread."""

    most_at_once: int
    """How many parcels one call takes; more than one only where the call is all or nothing."""

    def send(self, parcels: Sequence[Parcel]) -> None:
        """Deliver, whole or not at all.

        Raises
        ------
        Refused, Unavailable
            If it could not be delivered, or nobody knows whether it was.
        """

    def close(self) -> None:
        """Let go of connections."""


class Misconfigured(ValueError):
    """A destination cannot be made from the configuration and the environment; the message says what is missing."""
