"""Reading a file on from where an earlier reading stopped, if it is still the same file.

Files of plain lines are read on at a byte, so a feed may grow without end. Of all others (one article, an array,
compressed) the articles that were had before are passed over.
"""

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import BinaryIO, NamedTuple, Protocol

import orjson

from connectors.compression import CHUNK_BYTES
from connectors.encodings import bom_encoding
from connectors.files import modified_at, open_regular, printable, read_file, refusal
from connectors.formats import format_of
from connectors.splitting import LineSplitter, Piece, empty, oversized
from pipeline.records import DeadLetter, RawArticle

_TAIL_BYTES = 4_096
"""What is compared before reading on in a file that this process knows: hashing all of it would be quadratic."""


class Position(NamedTuple):
    """How far a file was read."""

    offset: int = 0
    """Bytes, in a file of lines; else 0."""
    number: int = 0
    """Lines that ended before `offset`; in other files, articles (and pieces that are none)."""


class Reader(Protocol):
    """Gives the rest of a file; `position` and `digest` say how far it came with the last item given."""

    by_lines: bool
    """Whether the file may grow and be read on; any other file that changes is read anew."""

    @property
    def position(self) -> Position: ...
    @property
    def digest(self) -> str: ...
    def __iter__(self) -> Iterator[RawArticle | DeadLetter]: ...


def open_reader(
    path: str,
    known: tuple[Position, str] = (Position(), ""),
    *,
    max_article_bytes: int,
    seen_at: datetime | None = None,
    is_final: bool = True,
) -> Reader:
    """Open a file where an earlier reader stopped, or at its beginning if its content is no longer the same.

    Parameters
    ----------
    path
        The file.
    known
        `position` and `digest` of the earlier reader.
    max_article_bytes, seen_at
        See `connectors.files.read_file`.
    is_final
        Whether what stands behind the last end of line is an article whatever it holds. If not, it is left until it is
        a whole JSON object: the beginning of one never is.

    Raises
    ------
    FileNotFoundError
        If it is not there. What cannot be opened or read for another reason gives a dead letter.
    """
    read = partial(read_file, path, seen_at=seen_at, max_article_bytes=max_article_bytes)
    try:
        file = open_regular(path)
    except FileNotFoundError:
        raise
    except OSError:
        return CountingReader(read, 0, "")  # gives the dead letter that says why
    with file:
        if is_lines(path) and (bom_encoding(file.read(4)) or ("utf-8", 0))[0] == "utf-8":
            return LineReader(path, known, max_article_bytes, seen_at, is_final=is_final)
        digest = _hash(file, None).hexdigest()
    return CountingReader(read, known[0].number if known[1] == digest else 0, digest)


def is_lines(path: str) -> bool:
    """Tell by the name whether a file holds plain lines."""
    file_format = format_of(path)
    return file_format is not None and file_format.splitter is LineSplitter and not file_format.compression


class CountingReader:
    """Reads a file from its beginning and passes over what was had before."""

    by_lines = False

    def __init__(self, read: Callable[[], Iterator[RawArticle | DeadLetter]], count: int, digest: str) -> None:
        self._read = read
        self.position = Position(0, count)
        self.digest = digest

    def __iter__(self) -> Iterator[RawArticle | DeadLetter]:
        for number, item in enumerate(self._read(), start=1):
            if number > self.position.number:
                self.position = Position(0, number)
                yield item


class LineReader:
    """Reads a file of lines in UTF-8; iterated again, it gives what has come since.

    At most one line, of the greatest length, is held.
    """

    by_lines = True

    def __init__(
        self, path: str, known: tuple[Position, str], limit: int, seen_at: datetime | None, *, is_final: bool
    ) -> None:
        self._path = path
        self._source = printable(path)
        self._limit = limit
        self._seen_at = seen_at
        self._is_final = is_final
        self._restart()
        with open_regular(path) as file:
            hashed = _hash(file, known[0].offset)
            if known[0].offset and hashed.hexdigest() == known[1]:
                self._hash = hashed
                self.position = known[0]
                self._tail = _before(file, self.position.offset)

    @property
    def digest(self) -> str:
        """Hash of all bytes before the position."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[RawArticle | DeadLetter]:
        try:
            yield from self._items()
        except FileNotFoundError:
            return
        except OSError as error:
            detail = f"cannot be read to its end: {error}; check the disk and read it again"
            yield refusal(self._source, Piece("", b"", "unreadable", detail))

    def _items(self) -> Iterator[RawArticle | DeadLetter]:
        with open_regular(self._path) as raw:
            if _before(raw, self.position.offset) != self._tail:
                self._restart()
            moment = self._seen_at or modified_at(raw)
            with open(raw.fileno(), "rb", closefd=False) as file:
                file.seek(self.position.offset)
                for piece in self._pieces(file):
                    if piece.code:
                        yield refusal(self._source, piece)
                    else:
                        yield RawArticle(self._source + piece.place, piece.data, "json", moment)
        if self._is_final and not self._has_content:
            yield refusal(self._source, empty(b""))

    def _restart(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._tail = b""
        self._has_content = False
        self.position = Position()

    def _pieces(self, file: BinaryIO) -> Iterator[Piece]:
        self._has_content = self.position.offset > 0
        while line := file.readline(self._limit + 2):
            place = f":{self.position.number + 1}"
            body = line.rstrip(b"\n") if line.endswith(b"\n") else line
            is_long = len(body) > self._limit
            ends = self._pass_over(file, line) if is_long else line.endswith(b"\n")
            if not self.position.offset and not is_long:
                body = body.removeprefix(b"\xef\xbb\xbf")
            piece = oversized(place, body, self._limit) if is_long else Piece(place, body.rstrip(b"\r"))
            if not ends:
                yield from self._last(piece, line)
                return
            if not is_long:
                self._advance(line)
            self.position = self.position._replace(number=self.position.number + 1)
            if is_long or body.strip():
                self._has_content = True
                yield piece

    def _last(self, piece: Piece, line: bytes) -> Iterator[Piece]:
        """Give what stands behind the last end of line; unless it is whole, the position stays before it."""
        if not line.strip():
            return
        self._has_content = True
        if not piece.code and _is_object(piece.data):
            self._advance(line)
            yield piece
        elif self._is_final:
            yield piece

    def _pass_over(self, file: BinaryIO, start: bytes) -> bool:
        """Go to the end of a line that is too long; tells whether it has one."""
        hashed, length, part = self._hash.copy(), 0, start
        while part:
            hashed.update(part)
            length += len(part)
            if part.endswith(b"\n"):
                self._hash = hashed
                self.position = self.position._replace(offset=self.position.offset + length)
                self._tail = _before(file, self.position.offset)
                return True
            part = file.readline(CHUNK_BYTES)
        return False

    def _advance(self, line: bytes) -> None:
        self._hash.update(line)
        self._tail = (self._tail + line[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        self.position = self.position._replace(offset=self.position.offset + len(line))


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(orjson.loads(data), dict)
    except orjson.JSONDecodeError:
        return False


def _hash(file: BinaryIO, length: int | None) -> blake2b:
    """Hash the first `length` bytes of a file, or all of it."""
    hashed = blake2b(digest_size=16)
    file.seek(0)
    left = length if length is not None else -1
    while left and (chunk := file.read(CHUNK_BYTES * 4 if left < 0 else min(left, CHUNK_BYTES * 4))):
        hashed.update(chunk)
        left -= len(chunk) if left > 0 else 0
    return hashed


def _before(file: BinaryIO, offset: int) -> bytes:
    """Read the last bytes before an offset."""
    start = max(0, offset - _TAIL_BYTES)
    return os.pread(file.fileno(), offset - start, start)
