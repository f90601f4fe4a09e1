"""A Kafka topic as a source of raw articles: between offsets, or for ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apache_beam as beam

from pipeline.brokers import Connection
from pipeline.records import RawArticle
from pipeline.sources.kafka.following import FindPartitionsFn, FollowFn, KeepOpenFn
from pipeline.sources.kafka.ranges import Range
from pipeline.sources.kafka.reading import ReadRangeFn
from pipeline.sources.kafka.tracking import EventTime
from pipeline.transforms.articles import DEAD_LETTERS

__all__ = ["EventTime", "FollowKafka", "ReadKafkaRanges"]


class ReadKafkaRanges(beam.PTransform):
    """Read ranges of offsets to their ends: a bounded input, with the outputs of `ReadArticleFiles`.

    Counters: ``partitions_read_total``, ``articles_read_total``, ``dead_letters_total``, ``dead_letters_read_total``,
    and ``offsets_lost_total`` for what was deleted before it could be read.

    Parameters
    ----------
    ranges
        From `pipeline.sources.kafka.ranges.find_ranges`.
    connection
        How to reach the brokers.
    max_article_bytes
        A longer value is a dead letter.
    seen_at
        Event time of articles that bring no date; none means when they arrived in the topic.
    """

    def __init__(
        self,
        ranges: Sequence[Range],
        connection: Connection,
        max_article_bytes: int,
        *,
        seen_at: datetime | None = None,
    ) -> None:
        super().__init__()
        self._ranges = ranges
        self._read = ReadRangeFn(connection, max_article_bytes, seen_at)

    def expand(self, pbegin: beam.pvalue.PBegin) -> Any:
        named = pbegin | "Name" >> beam.Create(list(self._ranges)) | "Spread" >> beam.Reshuffle()
        read = beam.ParDo(self._read).with_output_types(RawArticle)
        return named | "Read" >> read.with_outputs(DEAD_LETTERS, main="raw")


class FollowKafka(beam.PTransform):
    """Read a topic for ever, partitions that are added included; outputs and counters as `ReadKafkaRanges`.

    Parameters
    ----------
    topic
        Its name.
    connection
        How to reach the brokers.
    event_time
        How the watermark is found.
    max_article_bytes
        A longer value is a dead letter.
    group
        Consumer group to which positions are committed, for monitoring alone: nothing reads them back.
    """

    def __init__(
        self,
        topic: str,
        connection: Connection,
        event_time: EventTime,
        *,
        max_article_bytes: int,
        group: str | None = None,
    ) -> None:
        super().__init__()
        self._topic = topic
        self._find = FindPartitionsFn(connection)
        self._follow = FollowFn(connection, max_article_bytes, event_time, group)

    def expand(self, pbegin: beam.pvalue.PBegin) -> Any:
        name = beam.Map(_named, self._topic).with_output_types(tuple[str, bytes])
        find = beam.ParDo(self._find).with_output_types(tuple[str, int])
        read = beam.ParDo(self._follow).with_output_types(RawArticle)
        keep = beam.ParDo(KeepOpenFn()).with_output_types(tuple[str, bytes])
        named = pbegin | "Start" >> beam.Impulse() | "Name" >> name | "KeepOpen" >> keep
        found = named | "FindPartitions" >> find
        return found | "Read" >> read.with_outputs(DEAD_LETTERS, main="raw")


def _named(_: bytes, topic: str) -> tuple[str, bytes]:
    return topic, b""
