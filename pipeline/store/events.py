"""Story events as the store takes them in: all of a portion or none."""

from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.events import MalformedEvent, Told, told_from
from pipeline.store.keys import without_null


def decode_events(lines: Sequence[bytes]) -> list[Told]:
    """Read events from CloudEvents JSON.

    Raises
    ------
    MalformedEvent
        At the first that is none; its `index` says which it was.
    """
    return [_decode(index, line) for index, line in enumerate(lines)]


def _decode(index: int, line: bytes) -> Told:
    try:
        told = told_from(line)
    except MalformedEvent as error:
        raise MalformedEvent(error.detail, index) from error
    if b"\\u0000" in line:
        return msgspec.convert(_cleaned(msgspec.to_builtins(told)), Told)
    return told


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return without_null(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
