"""Dead letters in their topic: which still wait, and sending them back as articles, each once.

What was sent back is remembered in the same topic by a *receipt*: a record without a value, whose header ``replayed``
names the letter. Receipt and article are written in one transaction, so neither is ever there without the other.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from pipeline.records import DEAD_LETTER_RAW_BYTES, DeadLetter
from pipeline.sinks.cloudevents import dead_letter_from
from pipeline.sources.kafka.ranges import Range, find_ranges

_A_TRANSACTION = 500
_RECEIPT = "replayed"
_POLL_MS = 200
_PATIENCE_POLLS = 150


class Letter(NamedTuple):
    """A dead letter and its place in the topic."""

    place: str
    """``partition:offset``."""
    letter: DeadLetter
    arrived_ms: int
    is_replayed: bool

    @property
    def code(self) -> str:
        return self.letter.reason.partition(":")[0]

    def has_reason(self, reason: str) -> bool:
        """Whether `reason` is the code of its reason, or stands in the words behind it."""
        return self.code == reason or (" " in reason and reason in self.letter.reason)


def read_letters(consumer: KafkaConsumer, topic: str) -> Iterator[Letter]:
    """Give every dead letter of a topic, partition by partition, receipts left out."""
    ranges = find_ranges(consumer, topic)
    replayed = {dict(record.headers)[_RECEIPT].decode() for record in _records(consumer, ranges) if _is_receipt(record)}
    for record in _records(consumer, ranges):
        if not _is_receipt(record):
            place = f"{record.partition}:{record.offset}"
            letter = dead_letter_from(record.headers, record.value)
            yield Letter(place, letter, record.timestamp, place in replayed)


def original_of(letter: DeadLetter, consumer: KafkaConsumer, topic: str) -> bytes:
    """Give the whole input of a dead letter: from the topic of articles if it came from there and was cut.

    Raises
    ------
    LookupError
        If it was cut and is not there any more; the message says where it came from.
    """
    if 0 < len(letter.raw) < DEAD_LETTER_RAW_BYTES:
        return letter.raw
    name, _, place = letter.source.rpartition(":")[0].rpartition(":")
    offset = letter.source.rpartition(":")[2]
    if name == topic and place.isdecimal() and offset.isdecimal():
        for record in _records(consumer, [Range(topic, int(place), int(offset), int(offset) + 1)]):
            return bytes(record.value or b"")
    raise LookupError(f"the letter holds {len(letter.raw)} bytes of it; mend what is at {letter.source!r}")


def send_back(
    producer: KafkaProducer, topics: tuple[str, str], articles: Iterable[tuple[str, bytes, bytes]]
) -> Iterator[str]:
    """Send articles, each with the receipt for its letter.

    Parameters
    ----------
    producer
        With a transactional id, after ``init_transactions``.
    topics
        Of articles, and of dead letters.
    articles
        Place of the letter, key and value of the article.

    Yields
    ------
    str
        The place of each letter, once it is sent for good.
    """
    left = iter(articles)
    while some := list(islice(left, _A_TRANSACTION)):
        producer.begin_transaction()
        sent = []
        for place, key, value in some:
            sent.append(producer.send(topics[0], key=key, value=value, headers=[("dead_letter", place.encode())]))
            sent.append(producer.send(topics[1], key=place.encode(), headers=[(_RECEIPT, place.encode())]))
        producer.flush()
        for each in sent:
            each.get(timeout=30)
        producer.commit_transaction()
        yield from (place for place, _, _ in some)


def _is_receipt(record: Any) -> bool:
    return any(name == _RECEIPT for name, _ in record.headers)


def _records(consumer: KafkaConsumer, ranges: Iterable[Range]) -> Iterator[Any]:
    for topic, number, start, stop in ranges:
        partition = TopicPartition(topic, number)
        consumer.assign([partition])
        consumer.seek(partition, start)
        yield from _up_to(consumer, partition, stop)


def _up_to(consumer: KafkaConsumer, partition: TopicPartition, stop: int) -> Iterator[Any]:
    """Read from where the consumer stands; what retention took away meanwhile is passed over."""
    polls = 0
    while consumer.position(partition) < stop and polls < _PATIENCE_POLLS:
        try:
            records = consumer.poll(timeout_ms=_POLL_MS).get(partition, [])
        except OffsetOutOfRangeError:
            consumer.seek(partition, min(stop, consumer.beginning_offsets([partition])[partition]))
            continue
        polls = 0 if records else polls + 1
        yield from (record for record in records if record.offset < stop)
    if polls == _PATIENCE_POLLS:
        raise KafkaTimeoutError(f"nothing came from {partition} during {_POLL_MS * _PATIENCE_POLLS / 1000:g} s")
