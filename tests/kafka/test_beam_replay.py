"""`wirewatch replay kafka:TOPIC`: the same events as from files, whatever the topic looks like."""

import random
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from connectors.parsing import parse
from pipeline.brokers import Connection
from pipeline.commands.common import Failure
from pipeline.commands.replay import _explained_source
from pipeline.config import Config, KafkaConfig
from pipeline.hosts.replay import Outputs, Replay, run_replay
from pipeline.sources.kafka.ranges import find_ranges, open_consumer
from pipeline.sources.kafka.transforms import ReadKafkaRanges
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, send
from tests.running import Wirewatch, read_jsonl


@pytest.fixture
def lines(samples: Path) -> list[bytes]:
    return (samples / "newswire.jsonl").read_bytes().splitlines()


@pytest.fixture
def expected(wirewatch: Wirewatch, samples: Path, tmp_path: Path) -> bytes:
    done = wirewatch("replay", samples / "newswire.jsonl", "--events", "file.jsonl")
    assert done.returncode == 0, done.stderr
    events = (tmp_path / "file.jsonl").read_bytes()
    assert events.count(b"story.emerged") >= 10
    return events


def _replayed(wirewatch: Wirewatch, broker: Broker, topic: str, folder: Path, *options: object) -> dict[str, Any]:
    files = ("--events", "e.jsonl", "--assignments", "a.jsonl", "--dead-letters", "d.jsonl")
    done = wirewatch("replay", f"kafka:{topic}", "--brokers", broker.servers, *files, *options)
    assert done.returncode == 0, done.stderr
    return {
        "stdout": done.stdout,
        "events": (folder / "e.jsonl").read_bytes(),
        "assignments": read_jsonl(folder / "a.jsonl"),
        "dead_letters": read_jsonl(folder / "d.jsonl"),
    }


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_topic_gives_the_events_of_the_file(
    wirewatch: Wirewatch, broker: Broker, lines: list[bytes], expected: bytes, tmp_path: Path, partitions: int
) -> None:
    topic = new_topic(broker, "same", partitions)
    send(broker, topic, random.Random(partitions).sample(lines, len(lines)))
    replayed = _replayed(wirewatch, broker, topic, tmp_path)
    assert replayed["events"] == expected
    sources = {tuple(line["source"].split(":")) for line in replayed["assignments"]}
    assert len(sources) == len(lines)
    assert {(name, partition) for name, partition, _ in sources} == {(topic, str(p)) for p in range(partitions)}
    assert f"{partitions}  partitions read" in replayed["stdout"]


def test_records_of_an_aborted_transaction_and_its_marks_are_passed_over(
    wirewatch: Wirewatch, broker: Broker, lines: list[bytes], expected: bytes, tmp_path: Path
) -> None:
    topic = new_topic(broker, "transactions")
    producer = KafkaProducer(bootstrap_servers=broker.servers, transactional_id=topic)
    producer.init_transactions()
    half = len(lines) // 2
    for values, is_kept in ((lines[:half], True), ([b"taken back"] * 10, False), (lines[half:], True)):
        producer.begin_transaction()
        for value in values:
            producer.send(topic, value=value)
        producer.flush()
        if is_kept:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()
    replayed = _replayed(wirewatch, broker, topic, tmp_path)
    assert replayed["events"] == expected
    assert replayed["dead_letters"] == []


def test_offsets_bound_what_is_read(wirewatch: Wirewatch, broker: Broker, lines: list[bytes], tmp_path: Path) -> None:
    topic = new_topic(broker, "offsets")
    send(broker, topic, lines)
    replayed = _replayed(wirewatch, broker, topic, tmp_path, "--from", 10, "--to", 30)
    offsets = sorted(int(line["source"].split(":")[2]) for line in replayed["assignments"])
    assert offsets == list(range(10, 30))


def test_times_bound_what_is_read_by_its_arrival(
    wirewatch: Wirewatch, broker: Broker, lines: list[bytes], tmp_path: Path
) -> None:
    # These arrivals are older than the default retention, which the broker checks at any moment.
    topic = new_topic(broker, "times", 4, retention_ms="-1")
    for hour in range(3):
        arrived = int(datetime(2024, 3, 6, 10 + hour, tzinfo=UTC).timestamp() * 1000)
        send(broker, topic, lines[hour * 40 : hour * 40 + 40], timestamp_ms=arrived)
    bounds = ("--from", "2024-03-06T10:30:00Z", "--to", "2024-03-06T12:00:00Z")
    replayed = _replayed(wirewatch, broker, topic, tmp_path, *bounds)
    assert len(replayed["assignments"]) == 40


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kafka:no-such-topic", "--brokers", "SERVERS"], ["no-such-topic", "topics create"]),
        (["kafka:articles"], ["--brokers", "[input]"]),
        (["kafka:articles", "more.jsonl", "--brokers", "SERVERS"], ["kafka:articles", "one topic"]),
        ([".", "--from", "10"], ["--from", "kafka:TOPIC"]),
        (["kafka:articles", "--brokers", "SERVERS", "--from", "noon"], ["noon"]),
    ],
)
def test_wrong_usage_is_named(wirewatch: Wirewatch, broker: Broker, arguments: list[str], words: list[str]) -> None:
    given = [broker.servers if argument == "SERVERS" else argument for argument in arguments]
    done = wirewatch("replay", *given, "--events", "e.jsonl")
    assert done.returncode == 2
    for word in words:
        assert word in done.stderr


def test_a_broker_that_goes_away_is_one_sentence_and_leaves_no_events(
    wirewatch: Wirewatch, broker: Broker, lines: list[bytes], tmp_path: Path
) -> None:
    topic = new_topic(broker, "gone")
    send(broker, topic, lines)
    connection = Connection(broker.servers, KafkaConfig(connect_seconds=2))
    with open_consumer(connection) as consumer:
        ranges = find_ranges(consumer, topic)
    outputs = Outputs(str(tmp_path / "e.jsonl"))
    parsed = partial(parse, plausible=(datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC)))
    graph = Replay(ReadKafkaRanges(ranges, connection, 1 << 20), parsed, Config(), outputs)
    broker.kill()
    try:
        with pytest.raises(Failure, match=r"^the topic could not be read to its end"), _explained_source():
            run_replay(graph)
    finally:
        broker.start()
    assert not (tmp_path / "e.jsonl").exists()
