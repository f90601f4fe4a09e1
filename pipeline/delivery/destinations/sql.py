"""Story events into the store."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol, Self

from pipeline.config import SqlConfig
from pipeline.delivery.destinations.contract import Parcel, Refused, Unavailable


class EventStore(Protocol):
    """What a store must offer: a context that takes events in, all or none, and those that it has once only."""

    def apply(self, events: Sequence[bytes]) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class SqlDestination:
    """Applies events to a store, many at once.

    Parameters
    ----------
    config
        Where it lies.
    open_store
        Opens a store by its address. It raises `ValueError` for what can never be applied, anything else for what may
        pass.
    """

    most_at_once = 200

    def __init__(self, config: SqlConfig, open_store: Callable[[str], EventStore]) -> None:
        self._config = config
        self._open_store = open_store
        self._store: EventStore | None = None
        self._stack = ExitStack()

    def send(self, parcels: Sequence[Parcel]) -> None:
        try:
            if self._store is None:
                self._store = self._stack.enter_context(self._open_store(self._config.url))
            self._store.apply([parcel.line for parcel in parcels])
        except ValueError as error:
            raise Refused(str(error)) from error
        except Exception as error:
            self.close()
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        self._store = None
        self._stack.close()
