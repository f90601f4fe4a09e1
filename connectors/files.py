"""Files into articles that are not parsed yet: every byte ends in a `RawArticle` or in a `DeadLetter`.

Nothing that a file holds makes reading fail, and memory does not grow with the file: at most one article, one step of
decompression and some buffers are held.
"""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import FileIO

from connectors.compression import CHUNK_BYTES, BrokenArchive, decompress
from connectors.finding import FoundFiles, SourceNotFound, find_files
from connectors.formats import COMPRESSIONS, SUFFIXES, FileFormat, format_of
from connectors.splitting import Piece
from connectors.transcoding import to_utf8
from pipeline.records import DEAD_LETTER_RAW_BYTES, DeadLetter, MalformedArticle, RawArticle

__all__ = ["DEFAULT_MAX_ARTICLE_BYTES", "FoundFiles", "SourceNotFound", "find_files", "read_file"]

DEFAULT_MAX_ARTICLE_BYTES = 8 * 1024 * 1024
"""Greatest length of one article in bytes, unpacked. The longest news texts are below 1 MB, and pages below 5 MB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_file(
    path: str, *, seen_at: datetime | None = None, max_article_bytes: int = DEFAULT_MAX_ARTICLE_BYTES
) -> Iterator[RawArticle | DeadLetter]:
    r"""Read the articles of one file, one at a time.

    The name's suffix says what is in it: ``.txt``, ``.html`` (``.htm``, ``.xhtml``) and an object in ``.json`` are one
    article, an array in ``.json`` is one an element, and ``.jsonl`` (``.ndjson``) one a line; each may be followed by
    ``.gz``, ``.xz`` or ``.zst``.

    Parameters
    ----------
    path
        The file, as `find_files` gives it.
    seen_at
        Event time of articles that bring no date; aware. None means the file's modification time.
    max_article_bytes
        Longest line, array element or whole file in bytes, unpacked. An array as a whole may be of any length.

    Yields
    ------
    RawArticle | DeadLetter
        In the order of the file. `source` is `path` (bytes that are not UTF-8 as ``\xNN``), plus ``:LINE`` in .jsonl
        and ``:INDEX`` in an array, both from 1. Dead letters have the stage ``read`` and one of the codes ``empty``,
        ``oversized``, ``truncated-archive``, ``corrupt-archive``, ``malformed-json`` (an array that does not end, or
        something behind it), ``unreadable`` and ``unsupported-format``. Nothing is raised for bad input.
    """
    source = printable(path)
    try:
        file = open_regular(path)
    except (OSError, ValueError) as error:  # ValueError: a path that no file system takes, such as one with a NUL
        detail = f"cannot be opened: {error}; check that it is still there and who may read it"
        yield refusal(source, Piece("", b"", "unreadable", detail))
        return
    with file:
        file_format = format_of(path)
        if file_format is None:
            yield refusal(source, _unsupported())
            return
        moment = seen_at or modified_at(file)
        for piece in _pieces(file, file_format, max_article_bytes):
            if piece.code:
                yield refusal(source, piece)
            else:
                yield RawArticle(source + piece.place, piece.data, file_format.media_type, moment)


def _pieces(file: FileIO, file_format: FileFormat, limit: int) -> Iterator[Piece]:
    splitter = file_format.splitter(limit)
    chunks = decompress(iter(lambda: file.read(CHUNK_BYTES), b""), file_format.compression)
    if file_format.media_type == "json":
        chunks = to_utf8(chunks)
    try:
        for chunk in chunks:
            yield from splitter.feed(chunk)
            if splitter.done:
                return
        yield from splitter.finish()
    except BrokenArchive as error:
        yield Piece("", (splitter.rest or error.piece)[:DEAD_LETTER_RAW_BYTES], error.code, error.detail)
    except OSError as error:
        detail = f"cannot be read to its end: {error}; check the disk and read it again"
        yield Piece("", splitter.rest[:DEAD_LETTER_RAW_BYTES], "unreadable", detail)


def _unsupported() -> Piece:
    known = f"{', '.join(SUFFIXES)} (plain or with {', '.join(COMPRESSIONS)})"
    return Piece("", b"", "unsupported-format", f"has none of the suffixes {known}; rename or convert it")


def open_regular(path: str) -> FileIO:
    """Open a regular file; anything else is an `OSError`."""
    # Opening a named pipe would otherwise wait for a writer that may never come.
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("it is no regular file")
    return file


def modified_at(file: FileIO) -> datetime:
    """Tell when a file was last written; the zero of the clock where that cannot be said."""
    try:
        return _EPOCH + timedelta(microseconds=os.fstat(file.fileno()).st_mtime_ns // 1000)
    except OverflowError:  # some file systems can say a year beyond 9999
        return _EPOCH


def refusal(source: str, piece: Piece) -> DeadLetter:
    """Make a dead letter of a piece that is no article."""
    place = source + piece.place
    reason = str(MalformedArticle(piece.code, f"{place!r} {piece.detail}"))
    return DeadLetter(stage="read", reason=reason, source=place, raw=piece.data)


def printable(path: str) -> str:
    r"""Make a path valid Unicode: what stands for bytes that are not UTF-8 becomes ``\xNN``."""
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return path.encode("utf-8", "backslashreplace").decode()
