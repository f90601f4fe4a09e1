"""Splittable DoFns that read partitions.

A restriction is a range of one partition's offsets, so the engine's checkpoints hold the offsets and each partition has
a watermark of its own. Consumers assign and seek, they never subscribe: a group that rebalances would move partitions
under an engine that owns the offsets.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from pipeline.records import DeadLetter, RawArticle
from pipeline.sources.kafka.commits import commit
from pipeline.sources.kafka.ranges import (
    OPEN_END,
    BrokerSilent,
    Range,
    Settings,
    find_ranges,
    is_read_to_its_end,
    open_consumer,
)
from pipeline.sources.kafka.records import raw_article
from pipeline.sources.kafka.tracking import EventTime, PartitionNumbers, RangeProvider
from pipeline.transforms.articles import DEAD_LETTERS, Refused

_LOG = logging.getLogger(__name__)

_POLL_MS = 100
_RECORDS_A_POLL = 500
_BUNDLE_SECONDS = 0.5
"""A checkpoint waits for open bundles, so they are short."""
_IDLE_SECONDS = 0.3
"""Pause before an empty partition is asked again; each costs the engine a checkpoint of the source."""
_DISCOVERY_SECONDS = 60.0
_SILENCE_SECONDS = 60.0
"""A bounded read fails when the brokers give nothing for so long; an unbounded one goes on asking."""

# Beam finds what it has to pass in the defaults of a method's parameters.
_OFFSETS = beam.DoFn.RestrictionParam(RangeProvider())
_NUMBERS = beam.DoFn.RestrictionParam(PartitionNumbers())
_ESTIMATOR = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider())


class _ReadFn(beam.DoFn):
    """Keeps a consumer for each partition across bundles."""

    def __init__(self, settings: Settings, max_article_bytes: int, seen_at: datetime | None = None) -> None:
        self._settings = dict(settings)
        self._max_article_bytes = max_article_bytes
        self._seen_at = seen_at
        self._articles = Metrics.counter("wirewatch", "articles_read_total")
        self._refused = Metrics.counter("wirewatch", "dead_letters_total")
        self._refused_here = Metrics.counter("wirewatch", "dead_letters_read_total")
        self._lost = Metrics.counter("wirewatch", "offsets_lost_total")

    def setup(self) -> None:
        self._consumers: dict[TopicPartition, KafkaConsumer] = {}
        self._next: dict[TopicPartition, int] = {}
        """Offset behind the last record that was claimed."""

    def teardown(self) -> None:
        for consumer in self._consumers.values():
            consumer.close(autocommit=False)

    def _at(self, partition: TopicPartition, offset: int) -> KafkaConsumer:
        """Give the partition's consumer, about to read `offset`; it is not, after a bundle that failed or moved."""
        consumer = self._consumers.get(partition)
        if consumer is None:
            consumer = self._consumers[partition] = open_consumer(self._settings)
            consumer.assign([partition])
        if self._next.get(partition) != offset:
            consumer.seek(partition, offset)
            self._next[partition] = offset
        return consumer

    def _poll(self, consumer: KafkaConsumer, partition: TopicPartition) -> list[Any]:
        try:
            polled = consumer.poll(timeout_ms=_POLL_MS, max_records=_RECORDS_A_POLL)
        except OffsetOutOfRangeError:
            self._skip_lost(consumer, partition)
            return []
        return list(polled.get(partition, ()))

    def _skip_lost(self, consumer: KafkaConsumer, partition: TopicPartition) -> None:
        """Go on behind what was deleted before it could be read, and say so."""
        first = consumer.beginning_offsets([partition])[partition]
        lost = max(0, first - self._next[partition])
        _LOG.error(
            "%s:%s: offsets %s to %s were deleted before they could be read; raise the topic's retention.ms",
            *partition,
            self._next[partition],
            first,
        )
        self._lost.inc(lost)
        consumer.seek(partition, first)

    def _read(self, record: Any) -> RawArticle | DeadLetter:
        read = raw_article(record, self._max_article_bytes, self._seen_at)
        if isinstance(read, DeadLetter):
            self._refused.inc()
            self._refused_here.inc()
        else:
            self._articles.inc()
        return read


class ReadRangeFn(_ReadFn):
    """Reads a range of offsets to its end, in one go: no runner here gives a bounded read back."""

    def setup(self) -> None:
        super().setup()
        self._partitions = Metrics.counter("wirewatch", "partitions_read_total")

    def process(self, element: Range, tracker: Any = _OFFSETS) -> Iterator[RawArticle | Refused]:
        offsets = tracker.current_restriction()
        partition = TopicPartition(element.topic, element.partition)
        self._partitions.inc()
        if offsets.start >= offsets.stop:
            return
        consumer = self._at(partition, offsets.start)
        # The position, not the last record, says what is left: the end may be a mark of a transaction.
        while consumer.position(partition) < offsets.stop:
            for record in self._poll_before(time.monotonic() + _SILENCE_SECONDS, consumer, partition):
                if not tracker.try_claim(record.offset):
                    return
                self._next[partition] = record.offset + 1
                read = self._read(record)
                yield TaggedOutput(DEAD_LETTERS, read) if isinstance(read, DeadLetter) else read
        tracker.try_claim(offsets.stop)

    def _poll_before(self, deadline: float, consumer: KafkaConsumer, partition: TopicPartition) -> list[Any]:
        before = consumer.position(partition)
        while not (records := self._poll(consumer, partition)) and consumer.position(partition) == before:
            if time.monotonic() > deadline:
                raise BrokerSilent(
                    f"{':'.join(map(str, partition))}:{before} was asked for during {_SILENCE_SECONDS:g} s and did not "
                    "come: see whether the brokers run, and start again"
                )
        return records


class FollowFn(_ReadFn):
    """Reads a partition for ever, giving itself back to the engine after short bundles."""

    def __init__(self, settings: Settings, max_article_bytes: int, event_time: EventTime, group: str | None) -> None:
        super().__init__(settings, max_article_bytes)
        self._event_time = event_time
        self._group = group

    def setup(self) -> None:
        super().setup()
        self._heard: dict[TopicPartition, float] = {}

    # Beam wants the finalizer before the parameters that it passes by name.
    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        element: Range,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = _OFFSETS,
        estimator: Any = _ESTIMATOR,
    ) -> Iterator[Any]:
        partition = TopicPartition(element.topic, element.partition)
        start = tracker.current_restriction().start
        consumer = self._at(partition, start)
        until = time.monotonic() + _BUNDLE_SECONDS
        while time.monotonic() < until and (records := self._poll(consumer, partition)):
            for record in records:
                if not tracker.try_claim(record.offset):
                    return
                self._next[partition] = record.offset + 1
                yield self._timed(self._read(record), estimator)
        if self._next[partition] == start:
            self._wait(consumer, partition, estimator)
            tracker.defer_remainder(Duration(_IDLE_SECONDS))
            return
        self._heard[partition] = time.monotonic()
        if self._group is not None:
            finalizer.register(partial(commit, self._settings, self._group, partition, self._next[partition]))
        tracker.defer_remainder()

    def _timed(self, read: RawArticle | DeadLetter, estimator: Any) -> Any:
        """Give a record its event time, and let it move the watermark if it is an article."""
        moment = None if isinstance(read, DeadLetter) else self._event_time.of(read)
        now = _now()
        if moment is not None:
            _raise_to(estimator, self._event_time.watermark(moment, now))
        stamped = TimestampedValue(read, Timestamp(micros=now if moment is None else moment))
        return TaggedOutput(DEAD_LETTERS, stamped) if isinstance(read, DeadLetter) else stamped

    def _wait(self, consumer: KafkaConsumer, partition: TopicPartition, estimator: Any) -> None:
        """Let the watermark follow the clock once the partition is idle, and known to be."""
        idle_after = self._event_time.idle_after
        heard = self._heard.setdefault(partition, time.monotonic())
        if idle_after is None or time.monotonic() - heard < idle_after:
            return
        # The clock first: what is published while the broker answers must not be late.
        now = _now()
        if is_read_to_its_end(consumer, partition):
            _raise_to(estimator, self._event_time.watermark(now, now))


class FindPartitionsFn(beam.DoFn):
    """Names the partitions of a topic, and those that are added later."""

    def __init__(self, settings: Settings, event_time: EventTime) -> None:
        self._settings = dict(settings)
        self._event_time = event_time

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        element: str,
        tracker: Any = _NUMBERS,
        estimator: Any = _ESTIMATOR,
    ) -> Iterator[Any]:
        now = _now()
        # A new consumer asks anew; one that is kept would answer from what it knows for minutes.
        consumer = open_consumer(self._settings)
        try:
            ranges = find_ranges(consumer, element)
        finally:
            consumer.close(autocommit=False)
        known = tracker.current_restriction().start
        for each in ranges:
            if each.partition >= known and tracker.try_claim(each.partition):
                yield each._replace(stop=OPEN_END)
        # A partition that is still to come holds nothing back, as an idle one does not.
        _raise_to(estimator, self._event_time.watermark(now, now))
        tracker.defer_remainder(Duration(_DISCOVERY_SECONDS))


def _raise_to(estimator: Any, micros: int) -> None:
    current = estimator.current_watermark()
    if current is None or current.micros < micros:
        estimator.set_watermark(Timestamp(micros=micros))


def _now() -> int:
    return time.time_ns() // 1000
