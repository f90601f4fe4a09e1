"""Story events and dead letters into Kafka from Beam: at least once, with ids that let a consumer drop what it has."""

from abc import abstractmethod
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from kafka import KafkaProducer

from pipeline.brokers import Connection
from pipeline.records import DeadLetter, StoryEvent
from pipeline.sinks.cloudevents import (
    Headers,
    dead_letter_headers,
    dead_letter_value,
    event_headers,
    event_key,
    event_value,
)

_FLUSH_SECONDS = 120.0
"""As long as the producer itself tries to deliver a record; then the bundle fails and the engine runs it again."""


class _Record(NamedTuple):
    key: bytes | None
    value: bytes
    headers: Headers


class _WriteFn(beam.DoFn):
    """Sends records as they come and waits for the brokers at the end of the bundle.

    The producer is idempotent, so its own retries double nothing and keep the order of a key. A bundle that the engine
    runs again writes its records again.
    """

    def __init__(self, topic: str, connection: Connection) -> None:
        self._topic = topic
        self._connection = connection

    @abstractmethod
    def _encode(self, element: Any) -> _Record: ...

    def setup(self) -> None:
        self._written = Metrics.counter("wirewatch", "records_written_total")
        self._producer = KafkaProducer(
            **{
                **self._connection.settings(),
                "enable_idempotence": True,
                "acks": "all",
                "compression_type": "zstd",
                "allow_auto_create_topics": False,
                "delivery_timeout_ms": int(_FLUSH_SECONDS * 1000),
            }
        )

    def start_bundle(self) -> None:
        self._sent: list[Any] = []

    def process(self, element: Any) -> None:
        record = self._encode(element)
        self._sent.append(self._producer.send(self._topic, key=record.key, value=record.value, headers=record.headers))

    def finish_bundle(self) -> None:
        self._producer.flush(timeout=_FLUSH_SECONDS)
        for sent in self._sent:
            sent.get(timeout=_FLUSH_SECONDS)  # raises what went wrong, and the bundle is not done
        self._written.inc(len(self._sent))

    def teardown(self) -> None:
        self._producer.close(timeout=5)


class _WriteEventsFn(_WriteFn):
    def __init__(self, topic: str, connection: Connection, source: str) -> None:
        super().__init__(topic, connection)
        self._source = source

    def _encode(self, element: StoryEvent) -> _Record:
        return _Record(event_key(element), event_value(element), event_headers(element, self._source))


class _WriteDeadLettersFn(_WriteFn):
    def _encode(self, element: DeadLetter) -> _Record:
        return _Record(None, dead_letter_value(element), dead_letter_headers(element))


class WriteEventsToKafka(beam.PTransform):
    """Write story events as CloudEvents in binary mode, keyed by story. Counter: ``records_written_total``.

    Parameters
    ----------
    topic
        An existing topic.
    connection
        How to reach the brokers.
    source
        CloudEvents ``source``.
    """

    def __init__(self, topic: str, connection: Connection, source: str) -> None:
        super().__init__()
        self._write = _WriteEventsFn(topic, connection, source)

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Write" >> beam.ParDo(self._write)


class WriteDeadLettersToKafka(beam.PTransform):
    """Write dead letters: the raw bytes, with stage, reason and source as headers."""

    def __init__(self, topic: str, connection: Connection) -> None:
        super().__init__()
        self._write = _WriteDeadLettersFn(topic, connection)

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Write" >> beam.ParDo(self._write)
