"""What reads partitions, and the splittable DoFn that reads ranges of their offsets to the end.

Consumers assign and seek, they never subscribe: a group that rebalances would move partitions under an engine that
owns the offsets.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from pipeline.brokers import Connection
from pipeline.records import DeadLetter, RawArticle
from pipeline.sources.kafka.ranges import BrokerSilent, Range, open_consumer
from pipeline.sources.kafka.records import raw_article
from pipeline.sources.kafka.tracking import RangeProvider
from pipeline.transforms.articles import DEAD_LETTERS, Refused

_LOG = logging.getLogger(__name__)

_POLL_MS = 100
_RECORDS_A_POLL = 500
_SILENCE_SECONDS = 60.0
"""A bounded read fails when the brokers give nothing for so long; an unbounded one goes on asking."""

# Beam finds what it has to pass in the defaults of a method's parameters.
_OFFSETS = beam.DoFn.RestrictionParam(RangeProvider())


class ReadFn(beam.DoFn):
    """Keeps a consumer for each partition across bundles."""

    def __init__(self, connection: Connection, max_article_bytes: int, seen_at: datetime | None = None) -> None:
        self._connection = connection
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
            consumer = self._consumers[partition] = open_consumer(self._connection)
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


class ReadRangeFn(ReadFn):
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
