"""Which files are due to be published while folders are watched."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from pipeline.hosts.publish.memory import Look
from pipeline.hosts.publish.publisher import Publisher

_TURN_SECONDS = 0.2


class Watch(Protocol):
    """Says what changed; see `connectors.watching`."""

    def changes(self, timeout: float) -> list[str]: ...


class Follower:
    """Publishes what is there, then what appears, grows or is renamed into place.

    Parameters
    ----------
    publisher
        Publishes one file.
    find
        Lists the files of a source.
    is_lines
        Whether a file is read line by line: it needs no rest, since the end of a line says that the line is whole.
    settle_seconds
        How long any other file must rest.
    """

    def __init__(
        self,
        publisher: Publisher,
        find: Callable[[Sequence[str]], Iterable[str]],
        is_lines: Callable[[str], bool],
        *,
        settle_seconds: float,
        rescan_seconds: float,
    ) -> None:
        self._publisher = publisher
        self._find = find
        self._is_lines = is_lines
        self._settle_seconds = settle_seconds
        self._rescan_seconds = rescan_seconds
        self._resting: dict[str, tuple[float, Look]] = {}
        """Files that may still be written: when to look again, and what they looked like."""

    def follow(self, sources: Sequence[str], watch: Watch, stop: threading.Event) -> None:
        """Publish until `stop` is set."""
        scan_at = 0.0
        while not stop.is_set():
            if time.monotonic() >= scan_at:
                self._take(self._find(sources), stop)
                scan_at = time.monotonic() + self._rescan_seconds
            self._take(self._expand(watch.changes(_TURN_SECONDS)), stop)
            now = time.monotonic()
            self._take([path for path, (due, _) in self._resting.items() if due <= now], stop)
            self._publisher.note()

    def _expand(self, changed: Iterable[str]) -> Iterable[str]:
        for path in changed:
            if os.path.isdir(path):
                yield from self._find([path])
            else:
                yield path

    def _take(self, paths: Iterable[str], stop: threading.Event) -> None:
        for path in paths:
            if stop.is_set():
                return
            try:
                if self._is_lines(path) or self._rests(path):
                    self._publisher.publish(path)
            except OSError:  # it is gone; if it was renamed, its new name is announced
                self._resting.pop(path, None)

    def _rests(self, path: str) -> bool:
        """Tell whether a file has been left alone for long enough; if not, it is looked at again later."""
        look = Look.at(path)
        _, before = self._resting.pop(path, (0.0, None))
        age = time.time() - look.modified_ns / 1e9
        # The clock of the machine that wrote it may be ahead: then two looks that agree are enough.
        if age >= self._settle_seconds or (age < 0 and before == look):
            return True
        self._resting[path] = (time.monotonic() + min(self._settle_seconds, self._settle_seconds - age), look)
        return False
