"""Articles and garbage into topics, and what came out of them."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.records import Article
from tests.kafka.broker import Broker

_NUMBERS = itertools.count()


def new_topic(broker: Broker, name: str, partitions: int = 1, **settings: str) -> str:
    """Create a topic of its own for a test; the broker is shared."""
    topic = f"{name}-{next(_NUMBERS)}"
    broker.create_topic(topic, partitions, **settings)
    return topic


def send(broker: Broker, topic: str, values: Iterable[bytes | None], **arguments: Any) -> None:
    """Send values under keys that spread over the partitions."""
    producer = KafkaProducer(bootstrap_servers=broker.servers)
    try:
        sent = [
            producer.send(topic, value=value, key=b"%d" % number, **arguments) for number, value in enumerate(values)
        ]
        for each in sent:
            each.get(timeout=30)
    finally:
        producer.close()


def send_end(broker: Broker, topic: str, partitions: int, articles: Iterable[Article]) -> None:
    """Put an article a day behind all others into each partition: then all before it is decided."""
    at = (max(article.observed_at for article in articles) + timedelta(days=1)).isoformat()
    with KafkaProducer(bootstrap_servers=broker.servers, acks="all") as producer:
        for partition in range(partitions):
            end = {"id": f"end-{partition}", "title": f"End {partition}", "language": "zxx", "observed_at": at}
            producer.send(topic, value=orjson.dumps(end), partition=partition)
        producer.flush()


def records_of(broker: Broker, topic: str) -> list[Any]:
    """Give every committed record of a topic, by partition and offset."""
    with KafkaConsumer(
        bootstrap_servers=broker.servers, isolation_level="read_committed", enable_auto_commit=False
    ) as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: list[Any] = []
        while any(consumer.position(each) < ends[each] for each in partitions):
            found += itertools.chain.from_iterable(consumer.poll(timeout_ms=200).values())
    return sorted(found, key=lambda record: (record.partition, record.offset))
