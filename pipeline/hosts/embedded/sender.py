"""The thread that empties the outbox: tells rows, then notes how far it is. The loop never waits for it."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from pipeline.hosts.embedded.errors import PATIENCE_SECONDS, HostFailed, Unreachable
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.outlets import Outlet, Told
from pipeline.hosts.embedded.retrying import retrying
from pipeline.hosts.embedded.state import State

_LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 500
_CONFIRM_SECONDS = 86_400.0
"""A cursor that is not committed for a week is forgotten by the broker."""
_PRUNE_SECONDS = 3600.0


class Sender:
    """Sends what is in the outbox, in the background.

    Parameters
    ----------
    open_state
        Gives this thread a connection of its own.
    make_outlet
        Gives the outlet, from the outbox.
    patience
        Seconds that the output may stay away when the run begins: somebody is watching, and a slip is likely.
    """

    def __init__(
        self, open_state: Callable[[], State], make_outlet: Callable[[Outbox], Outlet], *, patience: float
    ) -> None:
        self._patience = patience
        self._open_state = open_state
        self._make_outlet = make_outlet
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._has_begun = False
        self.ready = threading.Event()
        """Set when the outlet was opened, or cannot be."""
        self.told = 0
        """Number up to which rows were told."""
        self.error: BaseException | None = None
        """Why the thread has ended, if it has failed."""

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Say that there are new rows."""
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """End the thread; one that waits for a broker is left behind, what it does is undone at the next start."""
        self._stop.set()
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            state = self._open_state()
            outbox = Outbox(state)
            outlet = self._make_outlet(outbox)
            try:
                self._work(outbox, outlet)
            finally:
                outlet.close()
                state.close()
        except sqlite3.Error as error:
            self.error = HostFailed(f"state cannot be written: {error}; make room on its disk and start again")
        except BaseException as error:  # a thread's exception would be lost; the loop raises it again
            self.error = error
        finally:
            self.ready.set()

    def _work(self, outbox: Outbox, outlet: Outlet) -> None:
        while not self._stop.is_set():
            patience = PATIENCE_SECONDS if self._has_begun else self._patience
            try:
                # Nothing that an outlet held before an error is believed: it is opened anew.
                retrying(patience, self._stop)(self._opened, outbox, outlet)
            except Unreachable:
                if self._stop.is_set():
                    return
                raise
            try:
                self._send(outbox, outlet)
            except Unreachable as error:
                _LOG.warning("%s; trying again", error)

    def _opened(self, outbox: Outbox, outlet: Outlet) -> None:
        self._note(outbox, outlet.open(outbox.sent(), outbox.last()))
        if self._has_begun:
            _LOG.warning("the output takes events again")
        self._has_begun = True
        self.ready.set()

    def _send(self, outbox: Outbox, outlet: Outlet) -> None:
        confirmed = pruned = time.monotonic()
        outbox.prune(time.time())
        while not self._stop.is_set():
            self._wake.clear()
            while rows := outbox.after(self.told, ROWS_AT_ONCE):
                self._note(outbox, outlet.tell(rows, rows[-1].number))
                confirmed = time.monotonic()
                if self._stop.is_set():
                    return
            if time.monotonic() - confirmed > _CONFIRM_SECONDS:
                self._note(outbox, outlet.tell([], self.told))
                confirmed = time.monotonic()
            if time.monotonic() - pruned > _PRUNE_SECONDS:
                outbox.prune(time.time())
                pruned = time.monotonic()
            self._wake.wait(60)

    def _note(self, outbox: Outbox, told: Told) -> None:
        outbox.mark_sent(told.number, told.lengths)
        self.told = told.number
