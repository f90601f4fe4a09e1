"""Rows into JSONL files that only ever grow, and are cut back to what the state knows of."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pipeline.hosts.embedded.errors import HostFailed, StateRefused
from pipeline.hosts.embedded.outbox import Kind, Row
from pipeline.hosts.embedded.outlets import Told
from pipeline.sinks.cloudevents import dead_letter_from, structured


class JsonlOutlet:
    """Appends to one file of events and one of dead letters.

    Parameters
    ----------
    events
        File of story events.
    dead_letters
        File of dead letters.
    lengths
        Length of each file as the state knows it; a file that is not among them is new.
    """

    def __init__(self, events: str, dead_letters: str, lengths: Mapping[str, int]) -> None:
        self._paths: dict[Kind, str] = {"event": os.path.abspath(events), "dead-letter": os.path.abspath(dead_letters)}
        self._lengths = {path: lengths[path] for path in self._paths.values() if path in lengths}
        self._files: dict[str, BinaryIO] = {}

    def open(self, sent: int, last: int) -> Told:
        self._files = {path: self._cut(path, sent) for path in self._paths.values()}
        self._lengths = {path: self._lengths.get(path, 0) for path in self._paths.values()}
        return Told(sent, self._lengths)

    def tell(self, rows: Sequence[Row], number: int) -> Told:
        try:
            for row in rows:
                self._files[self._paths[row.kind]].write(_line(row))
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise HostFailed(f"events cannot be written: {error}; make room on the disk and start again") from error
        self._lengths = {path: file.tell() for path, file in self._files.items()}
        return Told(number, self._lengths)

    def close(self) -> None:
        for file in self._files.values():
            try:
                file.close()
            except OSError:  # a full disk; the next start cuts the file to what is known to be whole
                continue

    def _cut(self, path: str, sent: int) -> BinaryIO:
        """Open a file at the length that the state knows; what is behind it is told again."""
        length, found = self._lengths.get(path), os.path.getsize(path) if os.path.exists(path) else 0
        if length is None and found > 0:
            raise StateRefused(
                f"output {path!r} holds {found} bytes that this state did not write: name a file of its own, or move it"
            )
        if length is not None and found < length:
            raise StateRefused(
                f"output {path!r} has {found} bytes, but {length} were written to it (rows up to {sent}): put it back, "
                "or name another file, which goes on with the rows after that"
            )
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "ab")  # noqa: SIM115 - closed in `close`
            file.truncate(length or 0)
            _make_name_durable(path)
        except OSError as error:
            raise HostFailed(
                f"output {path!r} cannot be opened: {error.strerror}; check its folder and rights"
            ) from error
        return file


def _make_name_durable(path: str) -> None:
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(row: Row) -> bytes:
    if row.kind == "event":
        return structured(row.headers, row.value) + b"\n"
    return dead_letter_from(row.headers, row.value).to_json() + b"\n"
