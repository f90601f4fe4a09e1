"""Files, one after another, into articles and dead letters on their way to Kafka."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from os.path import realpath
from typing import Protocol

from pipeline.hosts.publish.delivery import Delivery
from pipeline.hosts.publish.memory import Look, Memory, Progress
from pipeline.records import DeadLetter, MalformedArticle, Parse, RawArticle

_MARK_EVERY = 200
"""Articles after which a large file is marked: what was sent since is sent again after a crash."""
_MOST_READERS = 256
"""Growing files whose hash is kept at hand; others are hashed anew before they are read on."""
_NOTE_EVERY_SECONDS = 0.25


class Position(Protocol):
    @property
    def offset(self) -> int: ...
    @property
    def number(self) -> int: ...


class Reader(Protocol):
    """The rest of a file; see `connectors.resuming`."""

    by_lines: bool

    @property
    def position(self) -> Position: ...
    @property
    def digest(self) -> str: ...
    def __iter__(self) -> Iterator[RawArticle | DeadLetter]: ...


OpenReader = Callable[[str, int, int, str], Reader]
"""From a path, an offset, a number and a digest to what comes behind them. Handed in: hosts know no connector."""


class Publisher:
    """Publishes files and remembers them.

    Parameters
    ----------
    delivery
        Takes what is to be sent.
    notes
        Progress that was acknowledged; written to `memory` now and then.
    memory
        What was published before.
    parse, open_reader
        How files become articles.
    stamp
        Gives the event time of what brings none; none leaves what the reader says.
    stop
        Ends the work between two articles.
    """

    def __init__(
        self,
        delivery: Delivery,
        notes: list[Progress],
        memory: Memory,
        *,
        parse: Parse,
        open_reader: OpenReader,
        stamp: Callable[[], datetime] | None,
        stop: threading.Event,
    ) -> None:
        self._delivery = delivery
        self._notes = notes
        self._memory = memory
        self._parse = parse
        self._open_reader = open_reader
        self._stamp = stamp
        self._stop = stop
        self._noted_at = time.monotonic()
        self._readers: OrderedDict[str, Reader] = OrderedDict()
        self._whole: set[Look] = set()
        """Read to the end, and not (yet) in the memory: they need not be read again while they look the same."""
        self.counters: Counter[str] = Counter()

    def publish(self, path: str) -> bool:
        """Publish what a file holds and the topic has not; tells whether the file had to be read.

        Raises
        ------
        OSError
            If it is not there (any more).
        BrokerError
            If the brokers do not take it.
        """
        known = realpath(path)
        look = Look.at(path)
        before = self._memory.get(known, look)
        if look in self._whole or (before is not None and before.is_whole and before.look == look):
            return False
        self.counters["files_read_total"] += 1
        reader = self._reader(path, known, before)
        is_sound = True
        for number, item in enumerate(reader, start=1):
            is_sound &= self._publish_one(item)
            if number % _MARK_EVERY == 0:
                self._mark(known, look, reader, is_whole=False)
                self.note()
            if self._stop.is_set():
                break
        if not self._stop.is_set():
            self._whole.add(look)
        # What could not be read is tried again by the next run, not by this one.
        self._mark(known, look, reader, is_whole=is_sound and not self._stop.is_set())
        self.note()
        return True

    def note(self) -> None:
        """Write down what has arrived, if it is time."""
        self._delivery.settle()
        if time.monotonic() - self._noted_at > _NOTE_EVERY_SECONDS:
            self.note_last()

    def note_last(self) -> None:
        """Write down what has arrived."""
        self._memory.note(self._notes)
        for progress in self._notes:
            if progress.is_whole:
                self._whole.discard(progress.look)
        self._notes.clear()
        self._noted_at = time.monotonic()

    def _reader(self, path: str, known: str, before: Progress | None) -> Reader:
        reader = self._readers.pop(known, None)
        if reader is None:
            where = (before.offset, before.number, before.digest) if before else (0, 0, "")
            reader = self._open_reader(path, *where)
        if reader.by_lines:
            self._readers[known] = reader
            if len(self._readers) > _MOST_READERS:
                self._readers.popitem(last=False)
        return reader

    def _publish_one(self, item: RawArticle | DeadLetter) -> bool:
        """Send one article or dead letter; tells whether the file could be read."""
        self.counters["articles_read_total"] += 1
        if isinstance(item, DeadLetter):
            self._delivery.refuse(item)
            return not item.reason.startswith("unreadable")
        if self._stamp is not None:
            item = replace(item, seen_at=self._stamp())
        try:
            parsed = self._parse(item)
        except MalformedArticle as error:
            self._delivery.refuse(DeadLetter("parse", str(error), item.source, item.data))
            return True
        for note in parsed.notes:
            self.counters[f"note_{note}_total"] += 1
        self._delivery.send(parsed.article, item.data)
        return True

    def _mark(self, known: str, look: Look, reader: Reader, *, is_whole: bool) -> None:
        position = reader.position
        self._delivery.mark(Progress(known, look, reader.digest, position.offset, position.number, is_whole))


def clock() -> datetime:
    """Give the event time of what is read live."""
    return datetime.now(UTC)
