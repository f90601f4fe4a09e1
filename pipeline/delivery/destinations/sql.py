"""Story events into the store."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pipeline.delivery.destinations.contract import Parcel, Refused, Unavailable


class EventStore(Protocol):
    """What a store must offer: it takes events in, all or none, and those that it has are not taken again."""

    def apply(self, events: Sequence[bytes]) -> None: ...

    def close(self) -> None: ...


class SqlDestination:
    """Applies events to a store, many at once.

    Parameters
    ----------
    url
        Where it lies.
    open_store
        Opens a store by its address. It raises `ValueError` for what can never be applied, anything else for what may
        pass.
    """

    most_at_once = 200

    def __init__(self, url: str, open_store: Callable[[str], EventStore]) -> None:
        self._url = url
        self._open_store = open_store
        self._store: EventStore | None = None

    def send(self, parcels: Sequence[Parcel]) -> None:
        try:
            if self._store is None:
                self._store = self._open_store(self._url)
            self._store.apply([parcel.line for parcel in parcels])
        except ValueError as error:
            raise Refused(str(error)) from error
        except Exception as error:
            self.close()
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
