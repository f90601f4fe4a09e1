"""Records on their way to Kafka: a bounded number of them, and what may be remembered when they have arrived."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from pipeline.brokers import BrokerError, connect
from pipeline.config import KafkaConfig
from pipeline.hosts.publish.memory import Progress
from pipeline.records import Article, DeadLetter
from pipeline.sinks.cloudevents import dead_letter_headers, dead_letter_value

MOST_WAITING_BYTES = 16 * 1024 * 1024
"""Records that were sent and not yet acknowledged: the producer itself has no bound."""
_MOST_WAITING = 20_000
_RECORD_BYTES = 128
"""More than what a record and its batch add to key and value."""


class Topics(NamedTuple):
    """Where records go."""

    articles: str
    dead_letters: str
    most_bytes: int
    """Largest record that the topic of articles takes."""


class _Sent(NamedTuple):
    future: Any
    kind: str
    num_bytes: int


class Delivery:
    """Sends articles and dead letters, and says what has arrived, in the order of sending.

    Parameters
    ----------
    servers, config
        The brokers, and how they are reached.
    topics
        Where records go.
    on_arrived
        Told what was marked, once all that was sent before it is acknowledged.
    stop
        Once it is set, nothing is waited for any more: what is on its way then will be sent again.
    """

    def __init__(
        self,
        servers: str,
        config: KafkaConfig,
        *,
        topics: Topics,
        on_arrived: Callable[[Progress], None],
        stop: threading.Event,
    ) -> None:
        self._servers = servers
        self._seconds = config.delivery_seconds
        self._topics = topics
        self._on_arrived = on_arrived
        self._stop = stop
        self._waiting: deque[_Sent | Progress] = deque()
        self._waiting_bytes = 0
        self.counters: Counter[str] = Counter()
        """Acknowledged, by kind: ``articles_published_total``, ``dead_letters_total``."""
        self._producer = connect(
            KafkaProducer,
            servers,
            config,
            enable_idempotence=True,
            acks="all",
            compression_type="zstd",
            linger_ms=20,
            # A batch that is too large is refused as a whole, so none is made that could be.
            batch_size=min(131_072, topics.most_bytes // 2),
            max_request_size=max(1_048_576, 2 * topics.most_bytes),
            delivery_timeout_ms=round(self._seconds * 1000),
            request_timeout_ms=round(min(30, self._seconds / 2) * 1000),  # several must fit
            max_block_ms=round(self._seconds * 1000),
            reconnect_backoff_max_ms=1_000,
            allow_auto_create_topics=False,
        )
        for topic in topics[:2]:
            # Known beforehand, so that no `send` has to wait for it.
            self._producer.partitions_for(topic)

    @property
    def num_waiting(self) -> int:
        return sum(isinstance(one, _Sent) for one in self._waiting)

    def send(self, article: Article, raw: bytes) -> None:
        """Send an article; one that the topic does not take becomes a dead letter."""
        key, value = article.id.encode(), article.to_json()
        size = len(key) + len(value) + _RECORD_BYTES
        if size > self._topics.most_bytes:
            reason = (
                f"too-large: {article.source!r} takes {size:,} bytes as a record, and {self._topics.articles!r} takes "
                f"{self._topics.most_bytes:,}; shorten it, or raise max.message.bytes of the topic"
            )
            self.refuse(DeadLetter("publish", reason, article.source, raw))
            return
        self._send(self._topics.articles, key, value, [], "articles_published_total")

    def refuse(self, letter: DeadLetter) -> None:
        """Send a dead letter."""
        headers = dead_letter_headers(letter)
        self._send(self._topics.dead_letters, None, dead_letter_value(letter), headers, "dead_letters_total")

    def mark(self, progress: Progress) -> None:
        """Say how far things are with what was sent up to now."""
        self._waiting.append(progress)

    def settle(self, *, most_bytes: int = MOST_WAITING_BYTES, most: int = _MOST_WAITING) -> None:
        """Take note of what has arrived, and wait while more than so much has not.

        Raises
        ------
        BrokerError
            If a record was refused, or could not be delivered in time.
        """
        while self._waiting:
            first = self._waiting[0]
            if isinstance(first, _Sent):
                if not first.future.is_done:
                    if self._stop.is_set() or (self._waiting_bytes <= most_bytes and len(self._waiting) <= most):
                        return
                    time.sleep(0.002)
                    continue
                self._take(first)
            else:
                self._on_arrived(first)
            self._waiting.popleft()

    def finish(self, timeout: float) -> None:
        """Wait for what is on its way, but no longer than `timeout` seconds."""
        give_up = time.monotonic() + timeout
        while self._waiting and time.monotonic() < give_up:
            self.settle()
            if self._waiting:
                time.sleep(0.01)

    def close(self) -> None:
        with suppress(KafkaError):
            self._producer.close(timeout=0)

    def _send(self, topic: str, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]], kind: str) -> None:
        self.settle()
        try:
            future = self._producer.send(topic, value=value, key=key, headers=headers)
        except KafkaError as error:
            raise BrokerError(self._explain(error)) from error
        num_bytes = len(value) + _RECORD_BYTES
        self._waiting.append(_Sent(future, kind, num_bytes))
        self._waiting_bytes += num_bytes

    def _take(self, sent: _Sent) -> None:
        if sent.future.failed():
            raise BrokerError(self._explain(sent.future.exception))
        self._waiting_bytes -= sent.num_bytes
        self.counters[sent.kind] += 1

    def _explain(self, error: BaseException) -> str:
        return (
            f"a record could not be delivered to {self._servers!r} within {self._seconds:g} s ({error}): see whether "
            "the broker runs and its topics are as they were, and start again; publish goes on where it stopped"
        )
