"""`wirewatch deliver` on a topic of a real broker."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.events import event_from
from pipeline.sinks.cloudevents import event_headers, event_value
from tests.delivery.delivering import Delivering, wait_until, webhook
from tests.delivery.making import event, line
from tests.delivery.receiver import Receiver
from tests.kafka.broker import Broker
from tests.kafka.chain import Chain
from tests.kafka.loading import new_topic, send
from tests.kafka.running import ended


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def tell(broker: Broker, topic: str, *numbers: int) -> None:
    for number in numbers:
        given = event(number)
        send(broker, topic, [event_value(given)], headers=event_headers(given, "urn:wirewatch:test"))


def output(broker: Broker, topic: str) -> str:
    return f'kafka = "{broker.servers}"\ntopic = "{topic}"'


def test_five_articles_of_one_event_give_one_alert_from_publish_to_the_webhook(
    broker: Broker, tmp_path: Path, receiver: Receiver, shared: Path
) -> None:
    with Chain(broker, tmp_path, receiver, tick_seconds=1.0) as chain:
        for path in sorted((shared / "articles").glob("*.txt")):
            shutil.copy(path, chain.inbox)
        wait_until(lambda: receiver.requests, 60)
        time.sleep(5)
    (request,) = receiver.requests
    receiver.verify()
    story = event_from(request.body)
    assert story.id == request.id
    assert story.num_reports >= 3
    assert request.headers["wirewatch-rules"] == "emerging"


def test_a_topic_is_read_once_across_restarts_and_what_is_no_event_is_passed_over(
    broker: Broker, tmp_path: Path, receiver: Receiver
) -> None:
    topic = new_topic(broker, "story-events", 3)
    delivering = Delivering(tmp_path, output(broker, topic), webhook(receiver.url))
    tell(broker, topic, 1, 2)
    send(broker, topic, [b"garbage", None, b"{}"])
    done = delivering.run("--until-idle", 1)
    assert done.returncode == 0, done.stderr
    assert "are no story events" in done.stderr
    tell(broker, topic, 3, 1)
    assert delivering.run("--until-idle", 1).returncode == 0
    assert sorted(receiver.ids()) == [f"{number:016x}-1" for number in (1, 2, 3)]
    assert {orjson.dumps(orjson.loads(request.body)) for request in receiver.requests} == {
        orjson.dumps(orjson.loads(line(number))) for number in (1, 2, 3)
    }
    receiver.verify()


def test_a_destination_that_begins_now_hears_nothing_of_what_was(
    broker: Broker, tmp_path: Path, receiver: Receiver
) -> None:
    topic = new_topic(broker, "story-events", 2)
    tell(broker, topic, 1, 2)
    delivering = Delivering(tmp_path, output(broker, topic), webhook(receiver.url, 'start = "now"'))
    assert delivering.run("--until-idle", 1).returncode == 0
    tell(broker, topic, 3)
    assert delivering.run("--until-idle", 1).returncode == 0
    assert receiver.ids() == ["0000000000000003-1"]


def test_a_broker_that_is_killed_and_comes_back_is_waited_for(
    broker: Broker, tmp_path: Path, receiver: Receiver
) -> None:
    topic = new_topic(broker, "story-events")
    tell(broker, topic, 1)
    process = Delivering(tmp_path, output(broker, topic), webhook(receiver.url)).start()
    try:
        wait_until(lambda: len(receiver.requests) == 1)
        broker.kill()
        time.sleep(3)
        broker.start()
        tell(broker, topic, 2)
        wait_until(lambda: len(receiver.requests) == 2, 60)
    finally:
        code, _, err = ended(process)
    assert (code, "Traceback" in err) == (0, False), err


def test_a_topic_that_is_not_there_or_was_made_anew_is_a_failure_with_the_remedy(
    broker: Broker, tmp_path: Path, receiver: Receiver
) -> None:
    missing = Delivering(tmp_path, output(broker, "nosuch"), webhook(receiver.url)).run("--until-idle", 1)
    assert missing.returncode == 1
    assert "wirewatch topics create" in missing.stderr
    topic = new_topic(broker, "story-events")
    tell(broker, topic, 1)
    delivering = Delivering(tmp_path, output(broker, topic), webhook(receiver.url))
    assert delivering.run("--until-idle", 1).returncode == 0
    again = new_topic(broker, "story-events")
    with sqlite3.connect(tmp_path / "wirewatch-deliver.db") as connection:
        connection.execute("UPDATE positions SET stream = ?", (f"{again}:0",))
    delivering = Delivering(tmp_path, output(broker, again), webhook(receiver.url))
    anew = delivering.run("--until-idle", 1)
    assert anew.returncode == 1
    assert "was made anew or lost records" in anew.stderr
