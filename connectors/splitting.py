"""Cutting a stream of bytes into articles while holding no more than one of them.

A splitter is fed chunks of any size and gives the pieces that they complete. What is longer than the limit is given at
once, as its beginning and a problem, and the rest of it is passed over.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from pipeline.records import DEAD_LETTER_RAW_BYTES


class Piece(NamedTuple):
    """One article of a file, or the place where one should have been."""

    place: str
    """What to add to the path: ``:`` and the number of the line or element, from 1; empty for a whole file."""
    data: bytes
    code: str = ""
    """Code of the dead letter when this is no article, such as ``oversized``."""
    detail: str = ""
    """What is wrong and its remedy, to follow the name of the place in a sentence."""


class Splitter(Protocol):
    """Turns chunks of a file into pieces. `feed` every chunk, then `finish`."""

    @property
    def rest(self) -> bytes:
        """What was fed but not yet given: the beginning of an unfinished piece."""

    @property
    def done(self) -> bool:
        """Whether nothing more can come of this file, so that reading on is pointless."""

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Take the next bytes and give the pieces that are complete."""

    def finish(self) -> Iterator[Piece]:
        """Give the last piece: the file ends here."""


def oversized(place: str, beginning: bytes, limit: int) -> Piece:
    """Describe an article that is longer than `limit` bytes by its beginning."""
    detail = f"is longer than {limit:,} bytes; split it, or raise max_article_bytes"
    return Piece(place, beginning[:DEAD_LETTER_RAW_BYTES], "oversized", detail)


def empty(data: bytes) -> Piece:
    """Describe a file that holds nothing."""
    return Piece("", data[:DEAD_LETTER_RAW_BYTES], "empty", "holds nothing but white space; fill it, or take it away")


class WholeSplitter:
    """The file is one article.

    Parameters
    ----------
    limit
        Greatest length of the article in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._length = 0
        self.done = False

    @property
    def rest(self) -> bytes:
        return b"".join(self._parts)

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        self._parts.append(chunk)
        self._length += len(chunk)
        if self._length > self._limit:
            self.done = True
            yield oversized("", self.rest, self._limit)

    def finish(self) -> Iterator[Piece]:
        data = self.rest
        yield Piece("", data) if data.strip() else empty(data)


class LineSplitter:
    """Each line is one article; blank lines are passed over.

    Parameters
    ----------
    limit
        Greatest length of a line in bytes.
    """

    done = False

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._num_lines = 0
        self._is_empty = True
        self._is_skipping = False
        self.rest = b""

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        first, *others = chunk.split(b"\n")
        if piece := self._extend(first):
            yield piece
        for part in others:
            if piece := self._end():
                yield piece
            if piece := self._extend(part):
                yield piece

    def finish(self) -> Iterator[Piece]:
        if piece := self._end():
            yield piece
        if self._is_empty:
            yield empty(b"")

    def _extend(self, part: bytes) -> Piece | None:
        if self._is_skipping:
            return None
        self.rest += part
        if len(self.rest) <= self._limit:
            return None
        piece = oversized(f":{self._num_lines + 1}", self.rest, self._limit)
        self.rest = b""
        self._is_skipping = True
        self._is_empty = False
        return piece

    def _end(self) -> Piece | None:
        self._num_lines += 1
        self._is_skipping = False
        line, self.rest = self.rest, b""
        if not line or line.isspace():
            return None
        self._is_empty = False
        return Piece(f":{self._num_lines}", line.rstrip(b"\r"))
