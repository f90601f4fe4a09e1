"""Which files changed: what the system announces, and a look at everything now and then."""

import os
import threading
from collections.abc import Sequence

from watchfiles import watch

from connectors.formats import format_of


class FileWatch:
    """Watches folders, at any depth, and single files.

    Use as a context manager; what changes from its start on is not missed, except where the system cannot tell (network
    folders, links to folders, an overflow): look through the sources now and then.

    Parameters
    ----------
    sources
        Folders and files that exist. Links are followed to the source itself, not below it.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._folders = {os.path.realpath(source): source for source in sources if os.path.isdir(source)}
        self._files = {os.path.realpath(source): source for source in sources if not os.path.isdir(source)}
        self._changed: dict[str, None] = {}
        self._something = threading.Event()
        self._is_watching = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> "FileWatch":
        self._thread.start()
        self._is_watching.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2)

    def changes(self, timeout: float) -> list[str]:
        """Wait for changes; gives files and folders, spelled as the sources are, each once."""
        self._something.wait(timeout)
        self._something.clear()
        changed = []
        while self._changed:
            try:
                changed.append(self._changed.popitem()[0])
            except KeyError:  # pragma: no cover - only this thread takes
                break
        return changed[::-1]

    def _watch(self) -> None:
        roots = {*self._folders, *(os.path.dirname(path) for path in self._files)}
        turns = watch(
            *sorted(roots),
            watch_filter=None,
            debounce=200,
            step=20,
            rust_timeout=200,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for turn in turns:  # one without changes comes as soon as the folders are watched
            self._is_watching.set()
            for _, path in turn:
                if (wanted := self._wanted(path)) is not None:
                    self._changed[wanted] = None
                    self._something.set()

    def _wanted(self, path: str) -> str | None:
        """Spell a path as its source is spelled; none when it is not to be read."""
        if path in self._files:
            return self._files[path]
        for root, source in self._folders.items():
            inner = os.path.relpath(path, root)
            if inner.startswith(os.pardir + os.sep):
                continue
            if any(part.startswith(".") for part in inner.split(os.sep)):
                return None
            if format_of(path) is not None or os.path.isdir(path):
                return os.path.join(source, inner)
        return None
