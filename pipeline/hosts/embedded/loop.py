"""The loop of `wirewatch run`: read, take, decide, until told to stop."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.errors import PATIENCE_SECONDS, HostFailed, Unreachable
from pipeline.hosts.embedded.inputs import Input, Item
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.retrying import retrying
from pipeline.hosts.embedded.sender import Sender
from pipeline.hosts.embedded.state import State
from pipeline.records import RawArticle

_LOG = logging.getLogger(__name__)

BATCH = 500
_BATCH_BYTES = 16 << 20
_READ_SECONDS = 0.05
_WRITE_SECONDS = 1.0
"""How often the watermark moves when nothing comes."""
_MOST_UNSENT = 20_000
"""Rows in the outbox at which reading waits for the sender."""
_LAST_WORDS_SECONDS = 2.0
"""What the sender may still tell after SIGTERM; the rest waits for the next start."""
_MOST_FAILURES = 5


class Loop:
    """Runs an engine between an input and a sender.

    Parameters
    ----------
    state
        The one truth.
    engine
        Takes what is read.
    open_source
        Gives the place where articles come from.
    sender
        Tells what is found.
    stop
        Ends the loop when set.
    archive
        Whether the end of the input decides what still waits.
    patience
        Seconds that the input may stay away when the run begins.
    """

    def __init__(
        self,
        state: State,
        engine: Engine,
        open_source: Callable[[], Input],
        sender: Sender,
        *,
        stop: threading.Event,
        archive: bool,
        patience: float,
    ) -> None:
        self._state = state
        self._engine = engine
        self._open_source = open_source
        self._sender = sender
        self._stop = stop
        self._archive = archive
        self._patience = patience
        self._outbox = Outbox(state)
        self._taken = 0.0
        self._num_failures = 0

    def run(self, until_idle: float | None = None) -> None:
        """Run until stopped, or until nothing has come for so many seconds and all is told.

        Raises
        ------
        pipeline.hosts.embedded.errors.HostFailed
            If input, state or output cannot go on.
        """
        self._sender.start()
        source = None
        try:
            while not self._sender.ready.wait(0.05) and not self._stop.is_set():
                pass
            self._raise_what_the_sender_met()
            source = self._opened_source()
            if source is not None:
                self._go_on(source, until_idle)
        finally:
            if source is not None:
                source.close()
            self._sender.stop(_LAST_WORDS_SECONDS)
        self._raise_what_the_sender_met()

    def _opened_source(self) -> Input | None:
        """Find the place to read on; the first answer of a broker may take a few tries."""
        try:
            return retrying(self._patience, self._stop)(self._open)
        except Unreachable:
            if self._stop.is_set():
                return None
            raise

    def _open(self) -> Input:
        source = self._open_source()
        try:
            source.rewind(self._state.positions())
        except BaseException:
            source.close()
            raise
        return source

    def _go_on(self, source: Input, until_idle: float | None) -> None:
        heard = time.monotonic()
        while not self._stop.is_set():
            self._raise_what_the_sender_met()
            if self._engine.has_due:
                self._step(source, self._engine.decide)
            elif self._num_unsent() > _MOST_UNSENT:
                self._stop.wait(_READ_SECONDS)
            elif self._take_a_batch(source):
                heard = time.monotonic()
            elif until_idle is not None and time.monotonic() - heard >= until_idle and _is_at_its_end(source):
                self._end(source)
                return
        self._wait_for_the_sender(_LAST_WORDS_SECONDS)

    def _take_a_batch(self, source: Input) -> bool:
        items = self._gather(source)
        if items or time.monotonic() - self._taken >= _WRITE_SECONDS:
            self._taken = time.monotonic()
            self._step(source, lambda: self._engine.take(items, source.partitions(), source.silent()))
        return bool(items)

    def _gather(self, source: Input) -> Sequence[Item]:
        """Read for a moment: a transaction for each article would be mostly waiting for the disk."""
        items: list[Item] = []
        until = time.monotonic() + _READ_SECONDS
        num_bytes = 0
        while (
            len(items) < BATCH
            and num_bytes < _BATCH_BYTES
            and not self._stop.is_set()
            and (left := until - time.monotonic()) > 0
        ):
            read = source.read(left, BATCH - len(items))
            num_bytes += sum(len(item.found.data) for item in read if isinstance(item.found, RawArticle))
            items += read
        return items

    def _step(self, source: Input, act: Callable[[], None]) -> None:
        try:
            act()
        except sqlite3.OperationalError as error:
            # The engine stands where the file does; so must the input.
            self._num_failures += 1
            if self._num_failures > _MOST_FAILURES:
                raise HostFailed(
                    f"state {self._state.path!r} cannot be written: {error}; make room on its disk and start again"
                ) from error
            _LOG.warning("state %r cannot be written: %s; trying again", self._state.path, error)
            self._stop.wait(2.0**self._num_failures / 4)
            retrying(PATIENCE_SECONDS, self._stop)(source.rewind, self._state.positions())
        else:
            self._num_failures = 0
            self._sender.wake()

    def _end(self, source: Input) -> None:
        while self._archive and self._engine.has_waiting and not self._stop.is_set():
            self._step(source, self._engine.decide_waiting)
        self._wait_for_the_sender(None)

    def _wait_for_the_sender(self, seconds: float | None) -> None:
        until = None if seconds is None else time.monotonic() + seconds
        self._sender.wake()
        while self._num_unsent() and self._sender.error is None:
            if until is None and self._stop.is_set():
                until = time.monotonic() + _LAST_WORDS_SECONDS
            if until is not None and time.monotonic() >= until:
                return
            time.sleep(0.01)

    def _num_unsent(self) -> int:
        return self._outbox.last() - self._sender.told

    def _raise_what_the_sender_met(self) -> None:
        if self._sender.error is not None:
            raise self._sender.error


def _is_at_its_end(source: Input) -> bool:
    return set(source.partitions()) <= source.silent().keys()
