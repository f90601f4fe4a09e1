"""How detection's state is written to bytes: MessagePack behind one byte that names the version."""

import sys
from functools import cache
from typing import Any, TypeVar

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from pipeline.detection.sketch import Sketch

if sys.byteorder != "little":
    raise ImportError(
        "detection's state holds arrays and vectors as they lie in memory, little-endian, and this machine is "
        f"{sys.byteorder}-endian: run it on x86-64, ARM or RISC-V"
    )

VERSION = 6
"""Of everything this module writes; raise it with any change of `Sketch`, `Story` or the journal."""

_LEVEL = 1
"""Of Zstandard: what is asked of it is speed."""

T = TypeVar("T")


class UnknownVersion(ValueError):
    """State was written by another version of this program."""


class DamagedState(ValueError):
    """State is cut short or was never written by this program."""


def encode(value: Any) -> bytes:
    """Write a value as versioned bytes; arrays are little-endian."""
    return bytes((VERSION,)) + _ENCODER.encode(value)


def decode(encoded: bytes, kind: type[T]) -> T:
    """Read versioned bytes.

    Raises
    ------
    UnknownVersion
        If another version wrote them; the message names both and the remedy.
    DamagedState
        If they are no state of this kind.
    """
    if not encoded:
        raise DamagedState("detection state is empty: restore it from a backup, or start from empty state")
    version = encoded[0]
    if version != VERSION:
        raise UnknownVersion(
            f"detection state has version {version}, but this program reads version {VERSION}: run the program that "
            "wrote it, or start from empty state and replay the articles of the last horizon"
        )
    return decode_raw(memoryview(encoded)[1:], kind)


def decode_raw(encoded: memoryview | msgspec.Raw, kind: type[T]) -> T:
    """Read a part of what was encoded, which has no version of its own.

    Raises
    ------
    DamagedState
        If it is no state of this kind.
    """
    decoder = _decoder(kind)  # type: ignore[arg-type]
    try:
        value: T = decoder.decode(encoded)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedState(
            f"{len(memoryview(encoded))} bytes of detection state cannot be read: {error}; restore them from a backup, "
            "or start from empty state and replay the articles of the last horizon"
        ) from error
    return value


@cache
def _decoder(kind: Any) -> Any:
    return msgspec.msgpack.Decoder(kind, dec_hook=_read_array)


def compress(encoded: bytes) -> bytes:
    """Pack what is large and seldom written, such as a core of many stories: to less than half."""
    return zstandard.compress(encoded, _LEVEL)


def decompress(packed: bytes) -> bytes:
    """Unpack what `compress` gave.

    Raises
    ------
    DamagedState
        If it gave no such thing.
    """
    try:
        return zstandard.decompress(packed)
    except zstandard.ZstdError as error:
        raise DamagedState(
            f"{len(packed)} bytes of detection state cannot be unpacked: {error}; restore them from a backup, or "
            "start from empty state and replay the articles of the last horizon"
        ) from error


def encode_sketch(sketch: Sketch) -> bytes:
    return encode(sketch)


def decode_sketch(encoded: bytes) -> Sketch:
    return decode(encoded, Sketch)


def copy_signature(encoded: bytes, size: int) -> NDArray[np.uint8]:
    """Read only the copy signature, of `size` values, of an encoded sketch: it comes last, and is compared often."""
    return np.frombuffer(encoded, np.uint8, size, len(encoded) - size)


def _write_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.data
    raise TypeError(f"state cannot hold a {type(value).__name__}: {value!r}")


def _read_array(kind: Any, value: Any) -> Any:
    return np.frombuffer(value, _dtype_of(kind))


@cache
def _dtype_of(kind: Any) -> np.dtype[Any]:
    """Give the dtype of an `NDArray[...]`; worked out once, since a sketch has several arrays."""
    dtype: np.dtype[Any] = np.dtype(kind.__args__[1].__args__[0])
    return dtype


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_write_array)
