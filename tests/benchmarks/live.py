"""What benchmarks of running engines have in common: a steady load, and an ear that notes when events can be read."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import NamedTuple, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.events import event_from
from pipeline.records import Article, StoryEvent
from pipeline.sinks.cloudevents import structured
from tests.kafka.broker import Broker
from tests.kafka.running import newswire


class Heard(NamedTuple):
    """An event, and the first time that a consumer could read it, in seconds since 1970."""

    at: float
    event: StoryEvent


class Ear:
    """A consumer of committed events, from the beginning of their topic, in a thread of its own."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._consumer = KafkaConsumer(
            bootstrap_servers=broker.servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=20,
        )
        partitions = [TopicPartition(topic, number) for number in sorted(self._consumer.partitions_for_topic(topic))]
        self._consumer.assign(partitions)
        self._consumer.seek_to_beginning(*partitions)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._heard: dict[str, Heard] = {}
        self._last = time.time()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def heard(self) -> dict[str, Heard]:
        """Give what was heard so far, by the ids of the events."""
        return dict(self._heard)

    def await_num(self, least: int, seconds: float) -> None:
        """Wait until so many events were heard.

        Raises
        ------
        TimeoutError
            If there are fewer when the time is over.
        """
        until = time.time() + seconds
        while len(self._heard) < least:
            if time.time() > until:
                raise TimeoutError(f"{len(self._heard)} of {least} events were heard within {seconds:g} s")
            time.sleep(0.05)

    def await_quiet(self, seconds: float) -> None:
        """Wait until nothing was heard for so long."""
        begun = time.time()
        while time.time() - max(self._last, begun) < seconds:
            time.sleep(0.2)

    def _listen(self) -> None:
        while not self._stop.is_set():
            for records in self._consumer.poll(timeout_ms=50).values():
                self._last = time.time()
                for record in records:
                    event = event_from(structured(record.headers, record.value))
                    self._heard.setdefault(event.id, Heard(self._last, event))


def newswire_for_ever() -> Iterator[Article]:
    """Give the newswire again and again, each time with words of its own, so that new stories emerge."""
    for number in count():
        for article in newswire():
            text = article.text.replace(". ", f". Zq{number}x ").replace(" the ", f" zq{number}y ")
            title = f"Zq{number}t {article.title}"
            yield replace(article, id=f"{number}-{article.id}", url=None, title=title, text=text, published_at=None)


def send_steadily(broker: Broker, topic: str, source: Iterable[Article], rate: float, seconds: float) -> int:
    """Send articles at a rate, each stamped as it is sent; gives how many."""
    producer = KafkaProducer(bootstrap_servers=broker.servers, acks="all", compression_type="zstd", linger_ms=2)
    begun = time.time()
    number = 0
    for article in source:
        if (due := begun + number / rate) >= begun + seconds:
            break
        time.sleep(max(0.0, due - time.time()))
        stamped = replace(article, observed_at=datetime.now(UTC))
        producer.send(topic, key=stamped.id.encode(), value=stamped.to_json())
        number += 1
    producer.close()
    return number


def latencies(heard: Iterable[Heard], tick: float, begin: float, end: float) -> list[float]:
    """Give how long after it was sent each article was told, if it raised an event in its own tick.

    Parameters
    ----------
    heard
        What was told, with every report (a growth ladder without gaps).
    tick
        Length of a tick, in seconds.
    begin, end
        Only articles that were sent between these times count, the end not included; in seconds since 1970.
    """
    found = []
    for at, event in heard:
        for mention in event.mentions:
            sent = mention.observed_at.timestamp()
            if begin <= sent < end and sent // tick == event.time.timestamp() // tick:
                found.append(at - sent)
    return found


def every_report(tick: float) -> str:
    """Give the configuration under which stories tell every report, with ticks of that many seconds."""
    return f"[detection.time]\ntick_seconds = {tick}\n[detection.stories]\ngrowth_ladder = {list(range(4, 1000))}\n"
