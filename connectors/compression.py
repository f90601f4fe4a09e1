"""Unpacking gzip, xz and zstd as streams of bounded memory, whatever the archive claims."""

import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

CHUNK_BYTES = 65_536

_STEP_BYTES = 256
"""Compressed bytes unpacked at a time.

The worst of 256 bytes is 264 kB for gzip, 1.8 MB for xz and 8.4 MB for zstd (measured on zeros): so a decompression
bomb takes no more memory than that, and of a damaged archive no more is lost than what those bytes held.
"""

_MOST_MEMORY_BYTES = 1 << 27
"""Window that an archive may demand: enough for ``xz -9`` (65 MiB) and ``zstd --long=27`` (128 MiB)."""


class BrokenArchive(ValueError):
    """The archive cannot be unpacked (further).

    Parameters
    ----------
    code
        ``truncated-archive`` or ``corrupt-archive``.
    detail
        What is wrong and its remedy, to follow the name of the file in a sentence.
    piece
        The compressed bytes in which it was noticed.
    """

    def __init__(self, code: str, detail: str, piece: bytes) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.piece = piece


class _Member(Protocol):
    """One gzip member, xz stream or zstd frame; a file may hold several in a row."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def decompress(chunks: Iterable[bytes], compression: str) -> Iterator[bytes]:
    """Unpack a stream.

    Parameters
    ----------
    chunks
        The archive's bytes in pieces of any size.
    compression
        ``.gz``, ``.xz``, ``.zst``, or empty for none.

    Yields
    ------
    bytes
        Pieces of about `CHUNK_BYTES`. All that could be unpacked is yielded before an exception is raised.

    Raises
    ------
    BrokenArchive
        If the archive ends too early or is damaged, or was never one.
    """
    return _unpack(chunks, compression) if compression else iter(chunks)


def _unpack(chunks: Iterable[bytes], compression: str) -> Iterator[bytes]:
    new_member, errors = _codec(compression)
    name = compression.removeprefix(".")
    member: _Member | None = None
    padding = b""  # zeros may follow the first member, but not come before it
    buffer = _Buffer()
    step = b""
    try:
        for step in _steps(chunks):
            data = step
            while data := data if member else data.lstrip(padding):
                member = member or new_member()
                buffer.add(member.decompress(data))
                data = member.unused_data if member.eof else b""
                member = None if member.eof else member
                padding = b"\0"
            yield from buffer.take(CHUNK_BYTES)
    except OSError:
        yield from buffer.take(1)
        raise
    except errors as error:
        yield from buffer.take(1)
        detail = f"is no sound {name} archive ({error}); compress it anew, or name it after what it is"
        raise BrokenArchive("corrupt-archive", detail, step) from error
    yield from buffer.take(1)
    if member is not None:
        raise BrokenArchive("truncated-archive", f"ends in the middle of its {name} data; fetch it anew", step)


def _steps(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _STEP_BYTES):
            yield chunk[start : start + _STEP_BYTES]


def _codec(compression: str) -> tuple[Callable[[], _Member], type[Exception]]:
    if compression == ".gz":
        return (lambda: zlib.decompressobj(wbits=31)), zlib.error
    if compression == ".xz":
        return (lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY_BYTES)), lzma.LZMAError
    import zstandard  # 8 ms, and only these archives need it

    context = zstandard.ZstdDecompressor(max_window_size=_MOST_MEMORY_BYTES)
    return context.decompressobj, zstandard.ZstdError


class _Buffer:
    """Joins small pieces, so that those who read further have fewer to look at."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, part: bytes) -> None:
        self._parts.append(part)
        self._length += len(part)

    def take(self, at_least: int) -> Iterator[bytes]:
        if self._length >= at_least:
            yield b"".join(self._parts)
            self._parts.clear()
            self._length = 0
