"""Sketches in files without a name: what a job that runs for long need not keep in memory."""

import os
import warnings
from collections import deque
from io import FileIO
from tempfile import TemporaryFile, gettempdir
from weakref import finalize

_SEGMENT = 1 << 24
"""Bytes of a segment; its file goes when all in it is let go."""
_WRITTEN_AT_ONCE = 1 << 16
_READ_AT_ONCE = 1 << 11
"""Bytes: most entries are shorter, so that one read gets them."""
_PREFIX = 4
"""Bytes before an entry that say how long it is."""
_OFFSET_BITS = 32
"""The low bits of a place: where in its segment. Those above are the segment's number."""


class FileSpool:
    """A `pipeline.detection.spool.Spool` in temporary files.

    The newest entries wait in memory, so that a short spool has no file; what the disk does not take waits there, too.
    Not safe to share between threads.
    """

    def __init__(self) -> None:
        self._segments = deque([_Segment()])
        self._first = 0
        """Number of the oldest segment."""

    def add(self, entry: bytes) -> int:
        if self._segments[-1].size >= _SEGMENT:
            self._segments.append(_Segment())
        number = self._first + len(self._segments) - 1
        return number << _OFFSET_BITS | self._segments[-1].add(entry)

    def read(self, place: int) -> bytes:
        number, offset = divmod(place, 1 << _OFFSET_BITS)
        return self._segments[number - self._first].read(offset)

    def forget_before(self, place: int) -> None:
        while self._first < place >> _OFFSET_BITS:
            self._segments.popleft()
            self._first += 1


class _Segment:
    """Entries in a row, the newest of them in memory, those before in a file."""

    def __init__(self) -> None:
        self._file: FileIO | None = None
        self._num_written = 0
        self._unwritten = bytearray()
        self._write_at = _WRITTEN_AT_ONCE

    @property
    def size(self) -> int:
        """Bytes of all that was added."""
        return self._num_written + len(self._unwritten)

    def add(self, entry: bytes) -> int:
        offset = self.size
        self._unwritten += len(entry).to_bytes(_PREFIX, "little")
        self._unwritten += entry
        if len(self._unwritten) >= self._write_at:
            self._write()
        return offset

    def read(self, offset: int) -> bytes:
        begin = offset + _PREFIX
        head = self._bytes(offset, _READ_AT_ONCE)
        size = int.from_bytes(head[:_PREFIX], "little")
        entry = head[_PREFIX : _PREFIX + size]
        return entry if len(entry) == size else self._bytes(begin, size)

    def _bytes(self, offset: int, size: int) -> bytes:
        """Give the bytes from an offset on, at most `size`."""
        if self._file is None or offset >= self._num_written:
            begin = offset - self._num_written
            return bytes(self._unwritten[begin : begin + size])
        # An entry is written in one piece with what came before it: none is half in the file.
        return os.pread(self._file.fileno(), size, offset)

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = TemporaryFile(buffering=0, prefix="wirewatch-")  # noqa: SIM115 - closed by `finalize`
                finalize(self, self._file.close)
            self._write_all(self._file.fileno())
        except OSError as error:
            # Wherever the disk stopped, none of this piece counts as written.
            self._write_at *= 2
            warnings.warn(
                f"cannot write sketches to {gettempdir()}: {error.strerror}; they stay in memory, about 1 KB an "
                "article: free space there, or name another folder in TMPDIR and start anew",
                RuntimeWarning,
                stacklevel=2,
            )

    def _write_all(self, descriptor: int) -> None:
        offset = 0
        while offset < len(self._unwritten):
            offset += os.pwrite(descriptor, memoryview(self._unwritten)[offset:], self._num_written + offset)
        self._num_written += offset
        self._unwritten.clear()
