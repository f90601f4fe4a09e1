"""Reads a topic for ever, for an engine that keeps state and timers by key.

A timer of processing time wakes a partition, which reads what is there, writes down how far it is and sets the timer
anew. No splittable DoFn: Flink's runner keeps a new kind of state for each time that one gives itself back, for ever
(`docs/decisions/0010-source-on-flink.md`). What such a DoFn has and a timer has not is a watermark of its own; but a
timer holds the engine's watermark back until it fires, and that is where this partition's watermark goes.
"""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.coders import TupleCoder, VarIntCoder
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp
from kafka import KafkaConsumer, TopicPartition

from pipeline.brokers import Connection
from pipeline.records import DeadLetter, RawArticle
from pipeline.sources.kafka.commits import commit
from pipeline.sources.kafka.ranges import find_ranges, is_read_to_its_end, open_consumer
from pipeline.sources.kafka.reading import ReadFn
from pipeline.sources.kafka.tracking import EventTime
from pipeline.transforms.articles import DEAD_LETTERS

_IDLE_SECONDS = 0.2
"""Pause before an empty partition is asked again."""
_DISCOVERY_SECONDS = 60.0
_COMMIT_SECONDS = 5.0
_FOR_EVER = 50 * 365 * 24 * 3_600_000_000
_NOTHING_YET: int = MIN_TIMESTAMP.micros
"""Watermark of a partition of which nothing is known."""


class _Resting(NamedTuple):
    """A partition's consumer between two bundles."""

    consumer: KafkaConsumer
    offset: int
    """What it reads next."""
    heard: float
    """When a record last came, by the monotonic clock."""
    committed: float
    """When the position was last committed."""


_RESTING: dict[tuple[str, TopicPartition], _Resting] = {}
"""Of this worker, by servers. The engine gives the bundles of a partition to one instance of the DoFn or another; if
each had a consumer of its own, each would fetch everything. Whoever uses one takes it out, so that a bundle of an
attempt that was given up shares none with its successor."""

# Beam finds what it has to pass in the defaults of a method's parameters.
_PLACE = beam.DoFn.StateParam(ReadModifyWriteStateSpec("place", TupleCoder((VarIntCoder(), VarIntCoder()))))
_KNOWN = beam.DoFn.StateParam(ReadModifyWriteStateSpec("known", VarIntCoder()))
_WAKE_TIMER = TimerSpec("wake", TimeDomain.REAL_TIME)
_LOOK_TIMER = TimerSpec("look", TimeDomain.REAL_TIME)
_HOLD_TIMER = TimerSpec("hold", TimeDomain.REAL_TIME)
_WAKE = beam.DoFn.TimerParam(_WAKE_TIMER)
_LOOK = beam.DoFn.TimerParam(_LOOK_TIMER)
_HOLD = beam.DoFn.TimerParam(_HOLD_TIMER)
_KEY = beam.DoFn.KeyParam


class KeepOpenFn(beam.DoFn):
    """Passes on the one element of a job, and keeps the end of time away from what comes after it.

    The watermark behind an impulse is the end of time, at which the engine drops timers of processing time as late.
    """

    def process(self, element: tuple[str, bytes], hold: Any = _HOLD) -> Iterator[tuple[str, bytes]]:
        _set(hold, _now() + _FOR_EVER, holding=GlobalWindow().max_timestamp().micros - 1_000)
        yield element

    @on_timer(_HOLD_TIMER)
    def on_hold(self) -> None:
        """Beam wants a method for each timer; this one is not due while anybody lives who started the job."""


class FindPartitionsFn(beam.DoFn):
    """Names the partitions of a topic, and those that are added later.

    Takes ``(topic, b"")`` once; gives ``(topic:partition, first offset)``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def process(self, element: tuple[str, bytes], look: Any = _LOOK) -> None:
        _set(look, _now(), holding=_NOTHING_YET)

    @on_timer(_LOOK_TIMER)
    def on_look(self, topic: str = _KEY, known: Any = _KNOWN, look: Any = _LOOK) -> Iterator[tuple[str, int]]:
        now = _now()
        # A new consumer asks anew; one that is kept would answer from what it knows for minutes.
        consumer = open_consumer(self._connection)
        try:
            ranges = find_ranges(consumer, topic)
        finally:
            consumer.close(autocommit=False)
        first = known.read() or 0
        yield from ((f"{topic}:{each.partition}", each.start) for each in ranges if each.partition >= first)
        known.write(len(ranges))
        # No watermark gets there before: a partition that is still to come holds nothing back.
        then = now + round(_DISCOVERY_SECONDS * 1e6)
        _set(look, then, holding=then)


class FollowFn(ReadFn):
    """Reads the partitions that `FindPartitionsFn` names, for ever. Counts ``polls_total`` besides what it reads."""

    def __init__(
        self, connection: Connection, max_article_bytes: int, event_time: EventTime, group: str | None
    ) -> None:
        super().__init__(connection, max_article_bytes)
        self._event_time = event_time
        self._group = group
        self._polls = Metrics.counter("wirewatch", "polls_total")

    def setup(self) -> None:
        super().setup()
        self._heard: dict[TopicPartition, float] = {}
        self._committed: dict[TopicPartition, float] = {}

    def process(self, element: tuple[str, int], place: Any = _PLACE, wake: Any = _WAKE) -> None:
        place.write((element[1], _NOTHING_YET))
        _set(wake, _now(), holding=_NOTHING_YET)

    @on_timer(_WAKE_TIMER)
    def on_wake(self, key: str = _KEY, place: Any = _PLACE, wake: Any = _WAKE) -> Iterator[Any]:
        topic, _, number = key.rpartition(":")
        partition = TopicPartition(topic, int(number))
        offset, watermark = place.read()
        consumer = self._take(partition, offset)
        records = self._poll(consumer, partition)
        self._polls.inc()
        for record in records:
            self._next[partition] = record.offset + 1
            read = self._read(record)
            moment = None if isinstance(read, DeadLetter) else self._event_time.of(read)
            if moment is not None:
                watermark = max(watermark, self._event_time.watermark(moment, _now()))
            yield _stamped(read, moment)
        if records:
            self._heard[partition] = time.monotonic()
            self._commit(partition, offset)
        else:
            watermark = max(watermark, self._idle_watermark(consumer, partition))
        place.write((self._next[partition], watermark))
        self._put_back(partition)
        _set(wake, _now() + (0 if records else round(_IDLE_SECONDS * 1e6)), holding=watermark)

    def _take(self, partition: TopicPartition, offset: int) -> KafkaConsumer:
        resting = _RESTING.pop((self._connection.servers, partition), None)
        if resting is None:
            self._heard[partition], self._committed[partition] = time.monotonic(), -_COMMIT_SECONDS
        else:
            self._consumers[partition], self._next[partition], self._heard[partition], self._committed[partition] = (
                resting
            )
        return self._at(partition, offset)

    def _put_back(self, partition: TopicPartition) -> None:
        _RESTING[self._connection.servers, partition] = _Resting(
            self._consumers.pop(partition), self._next[partition], self._heard[partition], self._committed[partition]
        )

    def _idle_watermark(self, consumer: KafkaConsumer, partition: TopicPartition) -> int:
        """Let the watermark follow the clock once the partition is idle, and known to be."""
        idle_after = self._event_time.idle_after
        if idle_after is None or time.monotonic() - self._heard[partition] < idle_after:
            return _NOTHING_YET
        # The clock first: what is published while the broker answers must not be late.
        now = _now()
        if not is_read_to_its_end(consumer, partition):
            return _NOTHING_YET
        return self._event_time.watermark(now, now)

    def _commit(self, partition: TopicPartition, offset: int) -> None:
        """Tell now and then up to where the bundles before this one have read."""
        now = time.monotonic()
        if self._group is not None and now - self._committed[partition] >= _COMMIT_SECONDS:
            self._committed[partition] = now
            commit(self._connection, self._group, partition, offset)


def _stamped(read: RawArticle | DeadLetter, moment: int | None) -> Any:
    stamped = TimestampedValue(read, Timestamp(micros=_now() if moment is None else moment))
    return TaggedOutput(DEAD_LETTERS, stamped) if isinstance(read, DeadLetter) else stamped


def _set(timer: Any, moment: int, *, holding: int) -> None:
    """Set a timer of processing time that holds the watermark back at `holding`; both in microseconds since 1970."""
    # The Fn API has a field for it, which Beam's SDK for Python fills with the time of what sets the timer.
    timer._input_timestamp = Timestamp(micros=holding)
    timer.set(Timestamp(micros=moment))


def _now() -> int:
    return time.time_ns() // 1000
