"""A Kafka topic seen as ranges of offsets, one a partition."""

from datetime import datetime
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from pipeline.brokers import SAFE_READING, Connection

_ANSWER_MS = 30_000


class TopicNotFound(ValueError):
    """The brokers have no such topic."""


class BrokerSilent(OSError):
    """The brokers give nothing although there is something to read."""


class Range(NamedTuple):
    """Offsets of one partition, the last not included."""

    topic: str
    partition: int
    start: int
    stop: int


def open_consumer(connection: Connection) -> KafkaConsumer:
    """Connect a consumer that belongs to no group and commits nothing by itself."""
    # Not "earliest": what retention deleted before it was read must be noticed, not jumped over.
    return KafkaConsumer(**connection.settings(), **SAFE_READING, auto_offset_reset="none")


def find_ranges(
    consumer: KafkaConsumer,
    topic: str,
    *,
    since: datetime | int | None = None,
    until: datetime | int | None = None,
) -> list[Range]:
    """Find what a topic holds now, between two points.

    Parameters
    ----------
    consumer
        From `open_consumer`; with its isolation level the end lies before any open transaction.
    topic
        Its name.
    since
        Where to begin: a time (that of the first record which arrived then or later, by Kafka's clock) or an offset
        (the same for every partition); none means the oldest record that is still there.
    until
        Where to end, not included, in the same terms; none means the end as it is now.

    Raises
    ------
    TopicNotFound
        If the brokers do not have it.
    """
    partitions = [TopicPartition(topic, number) for number in partitions_of(consumer, topic)]
    first = consumer.beginning_offsets(partitions, timeout_ms=_ANSWER_MS)
    end = consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS)
    starts = first if since is None else _offsets_at(consumer, partitions, since, end)
    stops = end if until is None else _offsets_at(consumer, partitions, until, end)
    return [
        Range(topic, each.partition, start := max(starts[each], first[each]), max(start, min(stops[each], end[each])))
        for each in partitions
    ]


def partitions_of(consumer: KafkaConsumer, topic: str) -> list[int]:
    """Number the partitions of a topic.

    Raises
    ------
    TopicNotFound
        If the brokers do not have it; the message says what to do.
    """
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        raise TopicNotFound(
            f"the brokers have no topic {topic!r}: check its name and the servers, or make it with "
            "`wirewatch topics create --config FILE`"
        )
    return sorted(partitions)


def _offsets_at(
    consumer: KafkaConsumer, partitions: list[TopicPartition], point: datetime | int, end: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    if isinstance(point, int):
        return dict.fromkeys(partitions, point)
    millis = max(0, round(point.timestamp() * 1000))
    found = consumer.offsets_for_times(dict.fromkeys(partitions, millis), timeout_ms=_ANSWER_MS)
    return {each: end[each] if found.get(each) is None else found[each].offset for each in partitions}


def is_read_to_its_end(consumer: KafkaConsumer, partition: TopicPartition) -> bool:
    """Whether the broker says, now, that nothing is left to read; a broker that does not answer does not say so."""
    try:
        end = consumer.end_offsets([partition], timeout_ms=1_000)
    except KafkaTimeoutError:
        return False
    return bool(consumer.position(partition) >= end[partition])
