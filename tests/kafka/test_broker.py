"""The broker of deploy/local and its fixture."""

import uuid

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.kafka.broker import Broker


def test_a_killed_broker_comes_back_with_its_records(broker: Broker) -> None:
    topic = f"kept-{uuid.uuid4().hex}"
    broker.create_topic(topic, partitions=2)
    producer = KafkaProducer(bootstrap_servers=broker.servers, acks="all")
    producer.send(topic, b"kept", partition=1).get(timeout=30)
    producer.close()

    broker.kill()
    broker.start()

    consumer = KafkaConsumer(bootstrap_servers=broker.servers, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, 1)])
    consumer.seek_to_beginning()
    records = consumer.poll(timeout_ms=20_000)
    consumer.close()
    assert [record.value for batch in records.values() for record in batch] == [b"kept"]
