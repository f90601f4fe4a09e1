"""How long after an article was produced the event that it raised can be consumed, for `wirewatch run` live.

    python -m tests.benchmarks.latency_of_run [--seconds 60] [--rate 200] [--tick 5] [--warm-up 10]

Starts a broker of its own, sends the sample newswire again and again, under new ids and words, at a steady rate,
stamped as it is sent, and reads the events as a consumer of committed records. Stories tell every report (a growth
ladder without gaps). Each article that raised an event in its own tick is one measurement: from when it was sent until
the event could be consumed. It waits for the end of its tick, so latencies spread over one tick; what is above it is
the system's. What is sent during the warm-up is left out: the first articles of a process wait a second or two for
the model of languages and the word lists.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.records import Article
from tests.kafka.broker import Broker
from tests.kafka.running import Job, ended, newswire

_EVERY_REPORT = list(range(4, 1000))


def articles() -> Iterator[Article]:
    """Give the newswire again and again, each time with words of its own, so that new stories emerge."""
    for number in count():
        for article in newswire():
            text = article.text.replace(". ", f". Zq{number}x ").replace(" the ", f" zq{number}y ")
            title = f"Zq{number}t {article.title}"
            yield replace(article, id=f"{number}-{article.id}", url=None, title=title, text=text, published_at=None)


def send(broker: Broker, topic: str, rate: float, seconds: float) -> int:
    producer = KafkaProducer(bootstrap_servers=broker.servers, acks="all", compression_type="zstd", linger_ms=2)
    begun = time.time()
    source = articles()
    number = 0
    while (due := begun + number / rate) < begun + seconds:
        time.sleep(max(0.0, due - time.time()))
        stamped = replace(next(source), observed_at=datetime.now(UTC))
        producer.send(topic, key=stamped.id.encode(), value=stamped.to_json())
        number += 1
    producer.close()
    return number


def receive(broker: Broker, topic: str, tick: float, stop: threading.Event, found: list[tuple[float, float]]) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=broker.servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=20,
    )
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    while not stop.is_set():
        for records in consumer.poll(timeout_ms=50).values():
            for record in records:
                now = time.time()
                moment = datetime.fromisoformat(dict(record.headers)["ce_time"].decode()).timestamp()
                for mention in orjson.loads(record.value)["mentions"]:
                    sent = datetime.fromisoformat(mention["observed_at"]).timestamp()
                    if sent // tick == moment // tick:
                        found.append((sent, now - sent))
    consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--tick", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=10)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "broker")
        broker.start()
        try:
            measure(broker, Path(folder), given)
        finally:
            broker.stop()


def measure(broker: Broker, folder: Path, given: argparse.Namespace) -> None:
    job = Job(
        broker,
        folder,
        live="max_out_of_orderness_seconds = 0",
        more=f"[detection.time]\ntick_seconds = {given.tick}\n[detection.stories]\ngrowth_ladder = {_EVERY_REPORT}",
    )
    process = job.start()
    found: list[tuple[float, float]] = []
    stop = threading.Event()
    receiver = threading.Thread(target=receive, args=(broker, job.events, given.tick, stop, found))
    receiver.start()
    time.sleep(3)
    begun_at = time.time()
    num_sent = send(broker, job.articles, given.rate, given.seconds)
    ended_at = time.time()
    time.sleep(given.tick + 12)
    stop.set()
    receiver.join()
    _, out, err = ended(process)
    # Nothing came that could end the last tick: silence did, much later.
    begin, end = begun_at + given.warm_up, ended_at // given.tick * given.tick
    latencies = [latency for moment, latency in found if begin <= moment < end]
    p50, p99 = np.percentile(latencies, [50, 99])
    print(out.strip(), err.strip())
    print(f"{num_sent} articles at {given.rate:g}/s, {len(latencies)} of them measured")
    print(
        f"p50 {p50:.3f} s, p99 {p99:.3f} s, "
        f"max {max(latencies):.3f} s; tick {given.tick:g} s, so p99 is tick {p99 - given.tick:+.3f} s"
    )


if __name__ == "__main__":
    main()
