"""Story events from a file that `run` appends to, or that `replay` renames into place."""

import os
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import BinaryIO

from pipeline.delivery.feeds import FeedFailed, id_of
from pipeline.delivery.queue import Positions, Received

_LINES_AT_ONCE = 500
_PAUSE_SECONDS = 0.2


class JsonlFeed:
    """Follows one file.

    `run` cuts its file back after a crash, and writes the same bytes again: a file that is shorter than what was read
    is waited for. A file that took its name is read from its beginning; what it repeats is known by its ids.

    Parameters
    ----------
    path
        The file; it need not be there yet.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._positions: dict[str, tuple[int, str]] = {}
        self._file: BinaryIO | None = None
        self._stream = ""
        self._trouble = ""

    def open(self, positions: Positions) -> None:
        self._positions = dict(positions)
        self._follow()

    def ends(self) -> Mapping[str, int]:
        return {} if self._file is None else {self._stream: os.fstat(self._file.fileno()).st_size}

    def read(self, seconds: float) -> Sequence[Received]:
        until = time.monotonic() + seconds
        while True:
            self._follow()
            found = self._lines()
            if found or (left := until - time.monotonic()) <= 0:
                return found
            time.sleep(min(left, _PAUSE_SECONDS))

    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _follow(self) -> None:
        """See to it that the open file is the one that has the name."""
        try:
            status = os.stat(self._path)
            if self._file is not None and (
                os.path.samestat(status, os.fstat(self._file.fileno())) or self._has_lines_left(self._file)
            ):
                return  # what an old one still holds comes first
            file = open(self._path, "rb")  # noqa: SIM115 - closed in `close`
        except FileNotFoundError:
            self._trouble = f"{self._path!r} is not there (yet)" if self._file is None else ""
            return
        except OSError as error:
            raise FeedFailed(f"{self._path!r} cannot be read: {error.strerror}; check its rights") from error
        self.close()
        self._file, self._trouble = file, ""
        self._stream = f"{self._path}:{os.fstat(file.fileno()).st_ino}"

    def _has_lines_left(self, file: BinaryIO) -> bool:
        position, _ = self._positions.get(self._stream, (0, ""))
        file.seek(position)
        return file.readline().endswith(b"\n")

    def _lines(self) -> list[Received]:
        if self._file is None:
            return []
        position = self._place_to_read_on()
        if position is None:
            return []
        self._file.seek(position)
        found: list[Received] = []
        while len(found) < _LINES_AT_ONCE and (line := self._file.readline()).endswith(b"\n"):
            begin, position = position, position + len(line)
            found.append(Received(self._stream, begin, position, _detail(line), id_of(line), line.rstrip(b"\n")))
        if found:
            self._positions[self._stream] = (position, found[-1].detail)
        return found

    def _place_to_read_on(self) -> int | None:
        """Give the place to read on; none while the file is cut back behind it."""
        assert self._file is not None
        position, detail = self._positions.get(self._stream, (0, ""))
        length = os.fstat(self._file.fileno()).st_size
        if length < position:
            self._trouble = f"{self._path!r} has {length} bytes, but {position} were read: waiting for it to grow again"
            return None
        self._trouble = ""
        if position:
            self._file.seek(position - int(detail.partition(":")[0]))
            if _detail(self._file.readline()) != detail:
                return 0  # a file of other content took the place, and even its number
        return position


def _detail(line: bytes) -> str:
    """Describe the last line that was read, so that it is known again: its length and a digest."""
    return f"{len(line)}:{blake2b(line, digest_size=8).hexdigest()}"
