"""Who watches is told that something changed; what changed, the page then asks for as if it were loaded anew."""

import asyncio
import logging

from pipeline.store import Store, StoreError
from pipeline.store.queries import last_change
from pipeline.web.measuring import ServeMetrics

_log = logging.getLogger(__name__)


class Changes:
    """The number of the store's last change, looked up by one task however many watch.

    Parameters
    ----------
    store
        What is watched.
    poll_seconds
        How often it is asked.
    metrics
        Told of the number, and of each time that the store failed.
    """

    def __init__(self, store: Store, poll_seconds: float, metrics: ServeMetrics) -> None:
        self._store = store
        self._metrics = metrics
        self._poll_seconds = poll_seconds
        self._number: int | None = None
        self._closed = False
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        """Ask the store again and again, until cancelled. A store that fails is asked again."""
        failing = False
        while True:
            try:
                await self._set(await asyncio.to_thread(self._look))
                failing = False
            except StoreError as error:
                if not failing:
                    _log.warning("%s", error)
                failing = True
                self._metrics.looks_failed.inc()
            await asyncio.sleep(self._poll_seconds)

    async def other_than(self, seen: int | None) -> int | None:
        """Wait until the number is another than the one seen, and give it; none once the server ends.

        It may also be smaller: then the store was put back to a backup, and everything may have changed.
        """
        async with self._news:
            await self._news.wait_for(lambda: self._closed or self._number not in {None, seen})
            return None if self._closed else self._number

    async def close(self) -> None:
        """Let go of all who wait."""
        async with self._news:
            self._closed = True
            self._news.notify_all()

    def _look(self) -> int:
        with self._store.reading() as connection:
            return last_change(connection)

    async def _set(self, number: int) -> None:
        self._metrics.change.set(number)
        async with self._news:
            if number != self._number:
                self._number = number
                self._news.notify_all()
