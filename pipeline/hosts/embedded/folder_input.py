"""Articles from the files of a folder: what lies there, what appears, what grows."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from pipeline.hosts.embedded.inputs import Item, Positions
from pipeline.records import DeadLetter, RawArticle

_LOOK_EVERY_SECONDS = 0.5
_AT_REST_SECONDS = 1.0
"""A file that changed more recently may still be being written."""
_LINES = (".jsonl", ".ndjson")
"""Files whose articles stay where they are when the file grows; any other is read anew when it changes."""

FindFiles = Callable[[], Sequence[str]]
ReadFile = Callable[[str], Iterable[RawArticle | DeadLetter]]


class _Look(NamedTuple):
    """What a file looked like, as it is noted beside its position."""

    size: int
    modified_ns: int
    inode: int
    is_whole: bool
    """Whether it was read to its end."""

    @classmethod
    def at(cls, path: str) -> "_Look | None":
        try:
            found = os.stat(path)
        except OSError:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ino, False)

    @classmethod
    def noted(cls, detail: str) -> "_Look":
        size, modified_ns, inode, is_whole = map(int, detail.split())
        return cls(size, modified_ns, inode, bool(is_whole))

    def note(self, *, is_whole: bool) -> str:
        return f"{self.size} {self.modified_ns} {self.inode} {int(is_whole)}"

    def is_at_rest(self, now: float) -> bool:
        return not 0 <= now - self.modified_ns / 1e9 < _AT_REST_SECONDS

    def grew_from(self, before: "_Look") -> bool:
        return self.inode == before.inode and self.size > before.size


class FolderInput:
    """Reads the files of a folder one after another and looks for more.

    Parameters
    ----------
    find
        Names the files there are, in the order in which to read them.
    read
        Reads one file; never raises for bad input.
    folder
        Name of the one partition.
    archive
        Whether the files are an archive: then they come in no order of time, and a file's date stands for one that is
        missing.
    clock
        Seconds since 1970.
    """

    def __init__(
        self, find: FindFiles, read: ReadFile, folder: str, *, archive: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._find = find
        self._read = read
        self._folder = folder
        self._archive = archive
        self._clock = clock
        self._positions: dict[str, tuple[int, str]] = {}
        self._items: Iterator[Item] = iter(())
        self._looked = -_LOOK_EVERY_SECONDS
        self._silent: int | None = None

    def rewind(self, positions: Positions) -> None:
        self._positions = dict(positions)
        self._items = iter(())
        self._looked = -_LOOK_EVERY_SECONDS
        self._silent = None

    def read(self, seconds: float, limit: int) -> Sequence[Item]:
        until = time.monotonic() + seconds
        items: list[Item] = []
        while len(items) < limit and (item := next(self._items, None)) is not None:
            items.append(item)
            if time.monotonic() >= until:
                break
        if not items and not self._look():
            time.sleep(max(0.0, min(until - time.monotonic(), _LOOK_EVERY_SECONDS)))
        for item in items:
            self._positions[item.stream] = (item.position, item.detail)
        return items

    def partitions(self) -> Sequence[str]:
        return [self._folder]

    def silent(self) -> Mapping[str, int]:
        return {} if self._silent is None else {self._folder: self._silent}

    def close(self) -> None:
        self._items = iter(())

    def _look(self) -> bool:
        """Look for files with something new in them; gives whether there are any."""
        if time.monotonic() - self._looked < _LOOK_EVERY_SECONDS:
            return False
        self._looked = time.monotonic()
        now = self._clock()
        looks = [(path, look) for path in self._find() if (look := _Look.at(path)) is not None]
        changed = [(path, look) for path, look in looks if not self._is_known(path, look)]
        ready = [(path, look) for path, look in changed if look.is_at_rest(now)]
        self._items = (item for path, look in ready for item in self._file(path, look))
        if changed:
            self._silent = None
        elif self._silent is None:
            self._silent = round(now * 1e6)
        return bool(ready)

    def _is_known(self, path: str, look: _Look) -> bool:
        return self._positions.get(path, (0, ""))[1] == look.note(is_whole=True)

    def _file(self, path: str, look: _Look) -> Iterator[Item]:
        position, detail = self._positions.get(path, (0, ""))
        before = _Look.noted(detail) if detail else None
        has_lines = path.endswith(_LINES)
        goes_on = before is not None and (look[:3] == before[:3] or (has_lines and look.grew_from(before)))
        position = position if goes_on else 0
        partition = None if self._archive else self._folder
        for found in islice(self._read(path), position, None):
            position += 1
            yield Item(path, position, look.note(is_whole=False), partition, self._dated(found))
        yield Item(path, position, look.note(is_whole=True), partition, None)

    def _dated(self, found: RawArticle | DeadLetter) -> RawArticle | DeadLetter:
        if self._archive or isinstance(found, DeadLetter):
            return found
        return replace(found, seen_at=datetime.fromtimestamp(self._clock(), UTC))
