"""`wirewatch run` from Kafka to Kafka, against a real broker."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kafka.broker import Broker
from tests.kafka.loading import records_of, send
from tests.kafka.running import Job, ended, eventually, newswire, publish
from tests.running import Wirewatch


@pytest.fixture
def replayed(tmp_path: Path, samples: Path, wirewatch: Wirewatch) -> Callable[[], list[bytes]]:
    def replay() -> list[bytes]:
        done = wirewatch("replay", samples / "newswire.jsonl", "--events", "replayed.jsonl")
        assert done.returncode == 0, done.stderr
        return (tmp_path / "replayed.jsonl").read_bytes().splitlines()

    return replay


def in_order(lines: list[bytes], like: list[bytes]) -> list[bytes]:
    """Sort what three partitions told as the file is sorted; a line that the file lacks comes last."""
    places = {line: place for place, line in enumerate(like)}
    return sorted(lines, key=lambda line: (places.get(line, len(places)), line))


@pytest.mark.parametrize("partitions", [1, 4])
def test_what_it_tells_equals_a_replay_to_the_byte(
    broker: Broker, tmp_path: Path, replayed: Callable[[], list[bytes]], partitions: int
) -> None:
    job = Job(broker, tmp_path, partitions=partitions)
    publish(broker, job.articles, newswire())
    done = job.run("--until-idle", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "125 articles (0 late), 0 dead letters, 27 story events\n"
    expected = replayed()
    assert in_order(job.told(), expected) == expected


def test_events_are_cloudevents_in_binary_mode_keyed_by_story(broker: Broker, tmp_path: Path) -> None:
    job = Job(broker, tmp_path)
    publish(broker, job.articles, newswire())
    job.run("--until-idle", 1)
    records = records_of(broker, job.events)
    names = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"}
    assert all(set(dict(record.headers)) == names for record in records)
    assert all(record.key == dict(record.headers)["ce_subject"] for record in records)
    assert len({record.partition for record in records}) > 1


def test_garbage_is_told_as_dead_letters_with_its_place(broker: Broker, tmp_path: Path) -> None:
    job = Job(broker, tmp_path)
    garbage = [b"\xff\xfe", b"[]", None, b'{"title": 7}', b"x" * 900_000]
    send(broker, job.articles, garbage)
    publish(broker, job.articles, newswire())
    done = job.run("--until-idle", 1)
    assert done.stdout == "130 articles (0 late), 5 dead letters, 27 story events\n"
    letters = records_of(broker, job.dead)
    assert [dict(letter.headers)["source"].decode() for letter in letters] == [
        f"{job.articles}:0:{n}" for n in range(5)
    ]
    assert {dict(letter.headers)["stage"] for letter in letters} == {b"parse"}
    assert [letter.value for letter in letters[:2]] == garbage[:2]


def test_the_smallest_configuration_is_enough(broker: Broker, tmp_path: Path) -> None:
    for name in ("articles", "story-events", "articles-dead-letters"):
        broker.create_topic(name)
    (tmp_path / "config.toml").write_text(
        '[run]\nengine = "embedded"\n'
        f'[input]\nkafka = "{broker.servers}"\ntopic = "articles"\n'
        f'[output]\nkafka = "{broker.servers}"\ntopic = "story-events"\n'
    )
    job = Job.__new__(Job)
    job.broker, job.folder, job.events = broker, tmp_path, "story-events"
    publish(broker, "articles", newswire())
    done = job.run("--until-idle", 12)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("125 articles")


def test_it_stops_within_five_seconds_whatever_it_does(broker: Broker, tmp_path: Path) -> None:
    job = Job(broker, tmp_path)
    publish(broker, job.articles, newswire())
    process = job.start()
    for _ in eventually():
        if (tmp_path / "wirewatch-state.db").exists():
            break
    assert ended(process)[::2] == (0, "")
    assert ended_soon_after_start(job) == 0


def ended_soon_after_start(job: Job) -> int:
    process = job.start()
    for _ in eventually(2):
        continue
    return ended(process)[0]


def test_a_new_partition_is_noticed(broker: Broker, tmp_path: Path) -> None:
    from kafka.admin import KafkaAdminClient, NewPartitions

    job = Job(broker, tmp_path)
    articles = newswire()
    publish(broker, job.articles, articles[:40])
    process = job.start("--until-idle", 8)
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    try:
        for _ in eventually(3):
            continue
        admin.create_partitions({job.articles: NewPartitions(total_count=3)})
    finally:
        admin.close()
    publish(broker, job.articles, articles[40:])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == "125 articles (0 late), 0 dead letters, 27 story events\n"


@pytest.mark.parametrize("missing", ["articles", "events"])
def test_a_missing_topic_is_one_message(broker: Broker, tmp_path: Path, missing: str) -> None:
    job = Job(broker, tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(f'"{getattr(job, missing)}"', '"nowhere"'))
    done = job.run("--until-idle", 1)
    assert done.returncode == 1
    assert "there is no topic 'nowhere'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_not_there_is_one_message(broker: Broker, tmp_path: Path) -> None:
    job = Job(broker, tmp_path, more="[kafka]\nconnect_seconds = 2.0")
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(broker.servers, "127.0.0.1:1"))
    done: subprocess.CompletedProcess[str] = job.run()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: no Kafka broker could be reached at '127.0.0.1:1'")
    assert len(done.stderr.splitlines()) <= 2
