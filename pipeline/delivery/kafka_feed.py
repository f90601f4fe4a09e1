"""Story events from a Kafka topic, committed records only: assigned and sought by the queue's positions."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from pipeline.brokers import BrokerError, connect_follower, stream_of
from pipeline.config import KafkaConfig
from pipeline.delivery.feeds import FeedFailed, id_of
from pipeline.delivery.queue import Positions, Received
from pipeline.sinks.cloudevents import structured

_LOG = logging.getLogger(__name__)

_METADATA_SECONDS = 5.0
_ASK_MS = 2_000
_PAUSE_SECONDS = 0.5
_RECORDS_AT_ONCE = 500


class KafkaFeed:
    """Reads one topic.

    Parameters
    ----------
    servers, config
        The brokers, and how they are reached.
    topic
        Its records are story events in CloudEvents' binary mode.
    """

    def __init__(self, servers: str, config: KafkaConfig, topic: str) -> None:
        self._servers = servers
        self._topic = topic
        self._positions: dict[str, int] = {}
        self._looked = self._asked = float("-inf")
        self._trouble = ""
        try:
            self._consumer = connect_follower(servers, config, metadata_seconds=_METADATA_SECONDS)
        except BrokerError as error:
            raise FeedFailed(str(error)) from error

    def open(self, positions: Positions) -> None:
        self._positions = {stream: position for stream, (position, _) in positions.items()}
        with self._explained():
            if not self._partitions():
                raise FeedFailed(
                    f"there is no topic {self._topic!r} at {self._servers!r}; make it with `wirewatch topics create`, "
                    "or mend [output] topic"
                )
            self._look_for_partitions()

    def ends(self) -> Mapping[str, int]:
        with self._explained():
            ends = self._consumer.end_offsets(list(self._consumer.assignment()))
        return {stream_of(partition): end for partition, end in ends.items()}

    def read(self, seconds: float) -> Sequence[Received]:
        try:
            self._look_for_partitions()
            polled = self._consumer.poll(timeout_ms=round(seconds * 1000), max_records=_RECORDS_AT_ONCE)
            if not polled:
                self._ask()
            self._trouble = ""
        except KafkaError as error:
            self._trouble = f"broker {self._servers!r} does not answer: {error}"
            time.sleep(_PAUSE_SECONDS)
            return []
        return [_received(partition, record) for partition, records in polled.items() for record in records]

    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._consumer.close(timeout_ms=500)

    def _partitions(self) -> list[TopicPartition]:
        return [
            TopicPartition(self._topic, number) for number in self._consumer.partitions_for_topic(self._topic) or ()
        ]

    def _look_for_partitions(self) -> None:
        """Assign the partitions that are new, and seek each to where it was read before."""
        if time.monotonic() - self._looked < _METADATA_SECONDS:
            return
        assigned = self._consumer.assignment()
        new = [partition for partition in self._partitions() if partition not in assigned]
        if new:
            self._consumer.assign([*assigned, *new])
            for partition in new:
                self._seek(partition)
        self._looked = time.monotonic()

    def _seek(self, partition: TopicPartition) -> None:
        stream = stream_of(partition)
        first = self._consumer.beginning_offsets([partition])[partition]
        last = self._consumer.end_offsets([partition])[partition]
        position = self._positions.get(stream, first)
        if position < first:
            _LOG.warning("%s: events %d to %d were deleted before they were read", stream, position, first - 1)
        elif position > last:
            raise FeedFailed(
                f"{stream} ends at {last}, but was read up to {position}: the topic was made anew or lost records. "
                "Name a new [deliver] state"
            )
        self._consumer.seek(partition, max(position, first))

    def _ask(self) -> None:
        """Find out whether a silent broker is still there; poll itself never tells."""
        if time.monotonic() - self._asked >= _METADATA_SECONDS:
            self._consumer.end_offsets(list(self._consumer.assignment()), timeout_ms=_ASK_MS)
            self._asked = time.monotonic()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise FeedFailed(f"broker {self._servers!r} does not answer: {error}; see whether it runs") from error


def _received(partition: TopicPartition, record: Any) -> Received:
    try:
        line = structured(record.headers, record.value)
    except (AttributeError, KeyError, TypeError, ValueError):
        line = b""  # a record of somebody else; it is counted where it is taken in
    return Received(stream_of(partition), record.offset, record.offset + 1, "", id_of(line), line)
