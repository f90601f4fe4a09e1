"""Rows into Kafka topics, in transactions that also carry the number up to which rows were told."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    InvalidProducerEpochError,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFencedError,
    RecordListTooLargeError,
)
from kafka.structs import OffsetAndMetadata

from pipeline.brokers import SAFE_READING, BrokerError, connect
from pipeline.config import KafkaConfig
from pipeline.hosts.embedded.errors import HostFailed, StateRefused, Unreachable
from pipeline.hosts.embedded.outbox import Kind, Row
from pipeline.hosts.embedded.outlets import Told

_TIMEOUT_MS = 6_000
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_FENCED = (ProducerFencedError, InvalidProducerEpochError)
_REQUEST_BYTES = 16 << 20
"""The client's own limit, well above any topic's: the broker is the one that knows."""


class KafkaOutlet:
    """Tells rows exactly once to consumers that read committed records.

    Parameters
    ----------
    servers
        Bootstrap servers.
    config
        How they are reached.
    topics
        Topic of each kind of row. The cursor lies at the events topic.
    name
        Transactional id and reserved group, the same for every run of one deployment.
    state_id, run_id
        Whose outbox this is, and which process this is; kept beside the cursor.
    forget_cursor
        Whether to go on from the state's own number, whatever the cursor says.
    """

    def __init__(
        self,
        servers: str,
        config: KafkaConfig,
        topics: Mapping[Kind, str],
        *,
        name: str,
        state_id: str,
        run_id: str,
        forget_cursor: bool = False,
    ) -> None:
        self._servers = servers
        self._config = config
        self._topics = topics
        self._name = name
        self._state_id = state_id
        self._run_id = run_id
        self._forget_cursor = forget_cursor
        self._is_known = False
        self._cursor = TopicPartition(topics["event"], 0)
        self._producer: KafkaProducer | None = None

    def open(self, sent: int, last: int) -> Told:
        self.close()
        try:
            self._refuse_a_missing_topic()
            if self._is_known and (rival := self._rival()):
                raise HostFailed(rival)
            self._producer = self._connected()
            self._producer.init_transactions()
            number = self._recovered(sent, last)
        except BrokerError as error:
            raise Unreachable(str(error)) from error
        except KafkaError as error:
            raise self._explained(error) from error
        # From here on a cursor with another run's id means that this run was replaced.
        told = self.tell([], number)
        self._is_known, self._forget_cursor = True, False
        return told

    def tell(self, rows: Sequence[Row], number: int) -> Told:
        assert self._producer is not None
        try:
            self._producer.begin_transaction()
            futures = [
                self._producer.send(self._topics[row.kind], key=row.key, value=row.value, headers=row.headers)
                for row in rows
            ]
            offset = OffsetAndMetadata(number, f"{self._state_id} {self._run_id}", -1)
            self._producer.send_offsets_to_transaction({self._cursor: offset}, self._name)
            self._producer.flush(timeout=_TIMEOUT_MS / 1000)
            for future, row in zip(futures, rows, strict=True):
                self._check(future, row)
            self._producer.commit_transaction()
        except KafkaError as error:
            raise self._explained(error) from error
        return Told(number, {})

    def close(self) -> None:
        if self._producer is not None:
            # Not waiting, and no matter what it says: the next `open` aborts what this leaves behind.
            with suppress(KafkaError):
                self._producer.close(timeout=0)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        return connect(
            KafkaProducer,
            self._servers,
            self._config,
            transactional_id=self._name,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=0,
            max_request_size=_REQUEST_BYTES,
            max_block_ms=_TIMEOUT_MS,
            request_timeout_ms=5_000,
            delivery_timeout_ms=_TIMEOUT_MS,
            reconnect_backoff_max_ms=1_000,
        )

    def _refuse_a_missing_topic(self) -> None:
        consumer = self._consumer()
        try:
            missing = [topic for topic in self._topics.values() if not consumer.partitions_for_topic(topic)]
        finally:
            consumer.close(timeout_ms=500)
        if missing:
            raise HostFailed(
                f"there is no topic {missing[0]!r} at {self._servers!r}; make it with "
                "`wirewatch topics create`, or mend [output]"
            )

    def _consumer(self) -> KafkaConsumer:
        # Only committed and decided offsets: one that a transaction still holds would be a guess.
        return connect(
            KafkaConsumer,
            self._servers,
            self._config,
            group_id=self._name,
            request_timeout_ms=_TIMEOUT_MS,
            **SAFE_READING,
        )

    def _found_cursor(self) -> OffsetAndMetadata | None:
        consumer = self._consumer()
        try:
            found: OffsetAndMetadata | None = consumer.committed(self._cursor, metadata=True, timeout_ms=_TIMEOUT_MS)
        finally:
            consumer.close(timeout_ms=500)
        return None if found is None or found.offset < 0 else found

    def _recovered(self, sent: int, last: int) -> int:
        found = None if self._forget_cursor else self._found_cursor()
        if found is None:
            return sent
        remedy = (
            "Put back the newest state file; or run once with --forget-cursor, and consumers may see events again, "
            "with the same ids"
        )
        state_id = found.metadata.partition(" ")[0]
        if found.offset > last:
            raise StateRefused(
                f"the cursor of {self._name!r} at the broker is {found.offset}, but the outbox of this state ends at "
                f"{last}: it is an old backup, or not the state that was used last. {remedy}"
            )
        if state_id != self._state_id:
            raise StateRefused(
                f"the cursor of {self._name!r} at the broker is {found.offset} of state {state_id}, but this is "
                f"state {self._state_id}, whose outbox ends at {last}. {remedy}; two "
                "deployments need different [output] source"
            )
        return max(int(found.offset), sent)

    def _rival(self) -> str:
        """Tell which run has taken over, if one has; a transaction that took too long is fenced as well."""
        found = self._found_cursor()
        run_id = "" if found is None else found.metadata.partition(" ")[2]
        if found is None or run_id == self._run_id:
            return ""
        return (
            f"another run ({run_id}) has taken over as {self._name!r}; this one stops. Two deployments that write to "
            "one topic need different [output] source"
        )

    def _check(self, future: Any, row: Row) -> None:
        try:
            future.get(timeout=0)
        except _TOO_LARGE as error:
            raise HostFailed(
                f"row {row.number} of the outbox ({row.kind}) has {len(row.value)} bytes, more than topic "
                f"{self._topics[row.kind]!r} takes: raise its max.message.bytes and start again"
            ) from error

    def _explained(self, error: KafkaError) -> HostFailed:
        servers = self._servers
        if isinstance(error, AuthorizationError):
            return HostFailed(f"broker {servers!r} does not allow to write events as {self._name!r}: {error}")
        if isinstance(error, _FENCED):
            return Unreachable(f"broker {servers!r} gave this run's transaction up: {error}")
        return Unreachable(f"broker {servers!r} did not take events: {error}")
