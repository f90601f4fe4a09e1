"""`wirewatch topics create`: makes what is missing, changes nothing."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, KafkaAdminClient

from tests.kafka.broker import Broker
from tests.running import Wirewatch

Configure = Callable[..., Path]


@pytest.fixture
def names() -> dict[str, str]:
    unique = uuid.uuid4().hex
    return {kind: f"{kind}-{unique}" for kind in ("articles", "events", "letters")}


@pytest.fixture
def configure(broker: Broker, names: dict[str, str], tmp_path: Path) -> Configure:
    def write(topics: str = "", *, servers: str = broker.servers) -> Path:
        path = tmp_path / "wirewatch.toml"
        path.write_text(
            f'[input]\nkafka = "{servers}"\ntopic = "{names["articles"]}"\n'
            f'[output]\nkafka = "{servers}"\ntopic = "{names["events"]}"\n'
            f'dead_letters_topic = "{names["letters"]}"\n[topics]\n{topics}\n'
        )
        return path

    return write


def settings(broker: Broker, topic: str) -> dict[str, str]:
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    try:
        found = admin.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all")["topic"][topic]
        partitions = len(admin.describe_topics([topic])[0]["partitions"])
        return {key: entry["value"] for key, entry in found.items()} | {"partitions": str(partitions)}
    finally:
        admin.close()


def test_topics_are_made_as_configured(
    broker: Broker, wirewatch: Wirewatch, configure: Configure, names: dict[str, str]
) -> None:
    path = configure("partitions = 3\nretention_hours = 100.0\nmax_message_bytes = 500000")

    done = wirewatch("topics", "create", "--config", path)

    assert done.returncode == 0, done.stderr
    found = {kind: settings(broker, name) for kind, name in names.items()}
    assert {kind: each["partitions"] for kind, each in found.items()} == dict.fromkeys(names, "3")
    assert {kind: each["retention.ms"] for kind, each in found.items()} == dict.fromkeys(names, "360000000")
    assert found["articles"]["max.message.bytes"] == found["events"]["max.message.bytes"] == "500000"
    assert int(found["letters"]["max.message.bytes"]) > 500_000


def test_a_second_time_changes_nothing(
    broker: Broker, wirewatch: Wirewatch, configure: Configure, names: dict[str, str]
) -> None:
    path = configure()
    wirewatch("topics", "create", "--config", path)
    before = settings(broker, names["articles"])

    done = wirewatch("topics", "create", "--config", path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is there, as configured") == 3
    assert settings(broker, names["articles"]) == before


def test_a_topic_that_differs_is_named_and_not_changed(
    broker: Broker, wirewatch: Wirewatch, configure: Configure, names: dict[str, str]
) -> None:
    wirewatch("topics", "create", "--config", configure())
    before = settings(broker, names["articles"])

    done = wirewatch("topics", "create", "--config", configure("partitions = 2\nmax_message_bytes = 300000"))

    assert done.returncode == 1
    assert f"{names['articles']} has partitions 1 where 2 is configured" in done.stderr
    assert f"{names['articles']} has max.message.bytes 1048588 where 300000 is configured" in done.stderr
    assert settings(broker, names["articles"]) == before


def test_a_retention_below_the_horizon_is_refused(wirewatch: Wirewatch, configure: Configure) -> None:
    done = wirewatch("topics", "create", "--config", configure("retention_hours = 71.0"))

    assert done.returncode == 2
    assert "topics.retention_hours is 71.0, but must cover detection.time.horizon_hours, 72.0" in done.stderr


def test_without_a_broker_in_the_configuration_nothing_can_be_made(wirewatch: Wirewatch) -> None:
    done = wirewatch("topics", "create")

    assert done.returncode == 2
    assert "give kafka in [input] or [output]" in done.stderr


def test_more_replicas_than_brokers_is_one_message(wirewatch: Wirewatch, configure: Configure) -> None:
    done = wirewatch("topics", "create", "--config", configure("replication = 2"))

    assert done.returncode == 1
    assert "did not do as asked" in done.stderr
    assert len(done.stderr.splitlines()) == 1
