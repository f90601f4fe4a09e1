"""A .json file: one object, or an array whose elements are given one by one, however long the array is.

Only brackets, commas and strings are looked at here; whether an element is good JSON is for the parser to say. So one
bad element costs one dead letter and not the file.
"""

import re
from collections.abc import Iterator

from connectors.splitting import Piece, Splitter, WholeSplitter, empty, oversized
from pipeline.records import DEAD_LETTER_RAW_BYTES

# Possessive: what a string has swallowed is never given back, so that hostile input costs linear time.
_STRING_BODY = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BETWEEN_ELEMENTS = re.compile(rb'["{}\[\],]')
_INSIDE_ELEMENT = re.compile(rb'["{}\[\]]')


class JsonSplitter:
    """Waits for the first character, which tells an array from anything else.

    Parameters
    ----------
    limit
        Greatest length in bytes of an element, or of the file when it is not an array. An array as a whole may be of
        any length.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inner: Splitter | None = None

    @property
    def rest(self) -> bytes:
        return self._inner.rest if self._inner else b""

    @property
    def done(self) -> bool:
        return self._inner is not None and self._inner.done

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        if self._inner is None:
            chunk = chunk.lstrip()
            if not chunk:
                return
            if chunk.startswith(b"["):
                self._inner = _ArraySplitter(self._limit)
                chunk = chunk[1:]
            else:
                self._inner = WholeSplitter(self._limit)
        yield from self._inner.feed(chunk)

    def finish(self) -> Iterator[Piece]:
        if self._inner is None:
            yield empty(b"")
        else:
            yield from self._inner.finish()


class _ArraySplitter:
    """Takes what follows the opening bracket of an array."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._depth = 1
        self._in_string = False
        self._after_backslash = False
        self._num_elements = 0
        self._is_skipping = False
        self.rest = b""
        self.done = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        start = 0
        for end in self._ends_of_elements(chunk):
            if piece := self._extend(chunk[start:end]):
                yield piece
            if piece := self._end_element():
                yield piece
            start = end + 1
        if self._depth > 0:
            if piece := self._extend(chunk[start:]):
                yield piece
        elif trailing := chunk[start:].strip():
            self.done = True
            detail = "goes on behind the end of its array; keep one array a file, or name it .jsonl"
            yield Piece("", trailing[:DEAD_LETTER_RAW_BYTES], "malformed-json", detail)

    def finish(self) -> Iterator[Piece]:
        if self._depth == 0:
            return
        if (self.rest.strip() or self._is_skipping) and (piece := self._end_element()):
            yield piece
        detail = f"ends inside its array, behind element {self._num_elements}; write the file anew"
        yield Piece("", b"", "malformed-json", detail)

    def _ends_of_elements(self, chunk: bytes) -> Iterator[int]:
        """Find the commas between elements and the bracket that closes the array."""
        position = int(self._after_backslash)
        self._after_backslash = False
        while self._depth > 0:
            if self._in_string:
                position = self._skip_string(chunk, position)
                if position < 0:
                    return
            found = (_BETWEEN_ELEMENTS if self._depth == 1 else _INSIDE_ELEMENT).search(chunk, position)
            if found is None:
                return
            position = found.end()
            mark = found[0]
            if mark == b'"':
                self._in_string = True
            elif mark in b"{[":
                self._depth += 1
            elif mark in b"}]":
                self._depth -= 1
            if self._depth == 0 or mark == b",":
                yield found.start()

    def _skip_string(self, chunk: bytes, position: int) -> int:
        """Return where the string ends, or -1 when it goes on in the next chunk."""
        body = _STRING_BODY.match(chunk, position)
        position = len(chunk) if body is None else body.end()
        if position == len(chunk):
            return -1
        if chunk[position : position + 1] == b"\\":
            self._after_backslash = True
            return -1
        self._in_string = False
        return position + 1

    def _extend(self, part: bytes) -> Piece | None:
        if self._is_skipping:
            return None
        self.rest += part
        if len(self.rest) <= self._limit:
            return None
        piece = oversized(f":{self._num_elements + 1}", self.rest, self._limit)
        self.rest = b""
        self._is_skipping = True
        return piece

    def _end_element(self) -> Piece | None:
        element, self.rest = self.rest.strip(), b""
        was_skipping, self._is_skipping = self._is_skipping, False
        if not element and self._num_elements == 0 and self._depth == 0 and not was_skipping:
            return None  # an empty array is an array of no articles
        self._num_elements += 1
        if was_skipping:
            return None
        place = f":{self._num_elements}"
        if not element:
            return Piece(place, b"", "malformed-json", "is missing between two commas; take one comma away")
        return Piece(place, element)
