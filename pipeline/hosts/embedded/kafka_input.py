"""Articles from a Kafka topic: assigned and sought by the state's positions, never by a group."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from pipeline.brokers import BrokerError, connect_follower, stream_of
from pipeline.config import KafkaConfig
from pipeline.hosts.embedded.errors import PATIENCE_SECONDS, HostFailed, Unreachable
from pipeline.hosts.embedded.inputs import Item, Positions
from pipeline.records import RawArticle

_LOG = logging.getLogger(__name__)

_ASK_EVERY_SECONDS = 1.0
"""How often the broker is asked whether a quiet partition is really at its end."""
_METADATA_SECONDS = 2
"""How old the client's picture of the topic may be; a new partition is noticed within about twice that."""
_TIMEOUT_MS = 2_000
_PAUSE_SECONDS = 0.2


class KafkaInput:
    """Reads one topic.

    Parameters
    ----------
    servers
        Bootstrap servers.
    config
        How they are reached.
    topic
        Its records are articles in JSON.
    archive
        Whether the record's own time, not the clock, dates an article that brings no date.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        servers: str,
        config: KafkaConfig,
        topic: str,
        *,
        archive: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._topic = topic
        self._archive = archive
        self._clock = clock
        self._servers = servers
        self._next: dict[TopicPartition, int | None] = {}
        self._silent: dict[TopicPartition, int] = {}
        self._heard: dict[TopicPartition, float] = {}
        self._asked = self._looked = 0.0
        self._gone_since: float | None = None
        try:
            self._consumer = connect_follower(servers, config, metadata_seconds=_METADATA_SECONDS)
        except BrokerError as error:
            raise Unreachable(str(error)) from error

    def rewind(self, positions: Positions) -> None:
        self._next = {partition: positions.get(stream_of(partition), (None, ""))[0] for partition in self._found()}
        self._silent, self._heard = {}, {}
        self._consumer.assign(list(self._next))
        for partition, position in self._next.items():
            self._seek(partition, position)

    def read(self, seconds: float, limit: int) -> Sequence[Item]:
        self._look_for_new_partitions()
        try:
            polled = self._consumer.poll(timeout_ms=round(seconds * 1000), max_records=limit)
        except KafkaError as error:
            self._miss(str(error))
            return []
        items = []
        for partition, records in polled.items():
            self._silent.pop(partition, None)
            self._heard[partition] = time.monotonic()
            items += [self._item(partition, record) for record in records]
        return items

    def partitions(self) -> Sequence[str]:
        return [stream_of(partition) for partition in self._next]

    def silent(self) -> Mapping[str, int]:
        self._ask_for_ends()
        return {stream_of(partition): since for partition, since in self._silent.items()}

    def close(self) -> None:
        self._consumer.close(timeout_ms=500)

    def _found(self) -> list[TopicPartition]:
        try:
            numbers = self._consumer.partitions_for_topic(self._topic)
        except KafkaError as error:
            raise Unreachable(f"broker {self._servers!r} cannot be reached: {error}") from error
        if not numbers:
            raise HostFailed(
                f"there is no topic {self._topic!r} at {self._servers!r}; make it with `wirewatch topics create`, or "
                "mend [input] topic"
            )
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def _seek(self, partition: TopicPartition, position: int | None) -> None:
        if position is None:
            self._consumer.seek_to_beginning(partition)
            return
        first = self._offsets(self._consumer.beginning_offsets, [partition])[partition]
        last = self._offsets(self._consumer.end_offsets, [partition])[partition]
        if position < first:
            _LOG.warning(
                "%s: records %d to %d were deleted before they were read; raise the topic's retention",
                stream_of(partition), position, first - 1,
            )  # fmt: skip
        elif position > last:
            raise HostFailed(
                f"{stream_of(partition)} ends at {last}, but was read up to {position}: the topic was made anew or "
                "lost records. Name a new [run] state to read it from its beginning"
            )
        self._consumer.seek(partition, max(position, first))

    def _offsets(self, ask: Callable[..., Any], partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            return dict(ask(partitions, timeout_ms=_TIMEOUT_MS))
        except KafkaError as error:
            raise Unreachable(f"broker {self._servers!r} does not answer: {error}") from error

    def _look_for_new_partitions(self) -> None:
        now = time.monotonic()
        if now - self._looked < _METADATA_SECONDS:
            return
        self._looked = now
        # From the client's own copy, which it renews by itself.
        numbers = self._consumer.partitions_for_topic(self._topic)
        new = [found for number in numbers if (found := TopicPartition(self._topic, number)) not in self._next]
        if new:
            self._next |= dict.fromkeys(new)
            self._consumer.assign(list(self._next))
            self._consumer.seek_to_beginning(*new)

    def _ask_for_ends(self) -> None:
        """Find out which quiet partitions are read to their end; while nobody answers, none is known to be."""
        now = time.monotonic()
        quiet = [partition for partition in self._next if now - self._heard.get(partition, -1e9) >= _ASK_EVERY_SECONDS]
        if not quiet or now - self._asked < _ASK_EVERY_SECONDS:
            return
        self._asked = now
        try:
            ends = self._consumer.end_offsets(quiet, timeout_ms=_TIMEOUT_MS)
            positions = {partition: self._consumer.position(partition, timeout_ms=_TIMEOUT_MS) for partition in quiet}
        except KafkaError as error:
            self._miss(str(error))
            return
        if self._gone_since is not None:
            self._gone_since = None
            _LOG.warning("input broker %s answers again", self._servers)
        for partition, end in ends.items():
            position = positions[partition]
            if position is not None and position >= end:
                self._silent.setdefault(partition, round(self._clock() * 1e6))
            else:
                self._silent.pop(partition, None)

    def _miss(self, why: str) -> None:
        """Take note that the broker is gone: say so once, and lose patience in the end."""
        self._silent.clear()
        if self._gone_since is None:
            self._gone_since = time.monotonic()
            _LOG.warning("input broker %s does not answer (%s); waiting for it", self._servers, why)
        elif time.monotonic() - self._gone_since > PATIENCE_SECONDS:
            raise HostFailed(
                f"input broker {self._servers!r} has not answered for {PATIENCE_SECONDS / 3600:g} hours: {why}"
            )
        time.sleep(_PAUSE_SECONDS)

    def _item(self, partition: TopicPartition, record: ConsumerRecord) -> Item:
        stream = stream_of(partition)
        seconds = record.timestamp / 1000 if self._archive else self._clock()
        raw = RawArticle(
            source=f"{stream}:{record.offset}",
            data=record.value or b"",
            media_type="json",
            seen_at=datetime.fromtimestamp(seconds, UTC),
        )
        return Item(stream, record.offset + 1, "", stream, raw)
