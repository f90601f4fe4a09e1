"""The Beam graph between two topics: what `replay` tells in a file stands in the topic of events."""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
import pytest
from apache_beam.coders.coder_impl import create_InputStream
from apache_beam.coders.coders import GlobalWindowCoder, StrUtf8Coder, _TimerCoder
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.worker.bundle_processor import OutputTimer
from apache_beam.runners.worker.data_plane import SizeBasedBufferingClosableOutputStream
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import PANE_INFO_UNKNOWN
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from connectors.parsing import parse
from pipeline.brokers import Connection
from pipeline.config import DetectionConfig
from pipeline.sinks.cloudevents import dead_letter_from, structured
from pipeline.sinks.kafka import WriteDeadLettersToKafka, WriteEventsToKafka
from pipeline.sources.kafka import commits, following
from pipeline.sources.kafka.following import FindPartitionsFn, FollowFn
from pipeline.sources.kafka.ranges import find_ranges, open_consumer
from pipeline.sources.kafka.tracking import EventTime
from pipeline.sources.kafka.transforms import ReadKafkaRanges
from pipeline.transforms.articles import DEAD_LETTERS, ParseArticles, SketchArticles
from pipeline.transforms.detect import DetectStories
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of, send
from tests.running import Wirewatch

PARSE = partial(parse, plausible=(datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)))
LONGEST = 1 << 20


def _run_graph(broker: Broker, articles: str, events: str, dead_letters: str) -> None:
    connection = Connection(broker.servers)
    with open_consumer(connection) as consumer:
        ranges = find_ranges(consumer, articles)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        read = pipeline | ReadKafkaRanges(ranges, connection, LONGEST)
        parsed = read.raw | ParseArticles(PARSE)
        found = parsed.articles | SketchArticles(DetectionConfig()) | DetectStories(DetectionConfig())
        _ = found.events | WriteEventsToKafka(events, connection, "urn:wirewatch")
        dead = (read[DEAD_LETTERS], parsed[DEAD_LETTERS], found[DEAD_LETTERS]) | beam.Flatten()
        _ = dead | WriteDeadLettersToKafka(dead_letters, connection)


def test_events_travel_in_binary_mode_under_their_story_and_are_those_of_the_file(
    wirewatch: Wirewatch, broker: Broker, samples: Path, tmp_path: Path
) -> None:
    articles, events, dead = (new_topic(broker, name, 3) for name in ("in", "out", "dead"))
    send(broker, articles, [*(samples / "newswire.jsonl").read_bytes().splitlines(), b"\xff garbage"])
    _run_graph(broker, articles, events, dead)
    done = wirewatch("replay", samples / "newswire.jsonl", "--events", "file.jsonl")
    assert done.returncode == 0, done.stderr
    written = records_of(broker, events)
    told = [structured(record.headers, record.value) for record in written]
    assert sorted(told) == sorted((tmp_path / "file.jsonl").read_bytes().splitlines())
    assert all(record.key == dict(record.headers)["ce_subject"] for record in written)
    assert all(record.headers[-1] == ("content-type", b"application/json") for record in written)
    (letter,) = records_of(broker, dead)
    assert letter.value == b"\xff garbage"
    assert dead_letter_from(letter.headers, letter.value).reason.startswith("undecodable: ")


# Reading for ever, one timer at a time, as an engine fires them; tests/flink has a real engine.

_TIMERS = _TimerCoder(StrUtf8Coder(), GlobalWindowCoder()).get_impl()


class _Cell:
    """A value of state, as the DoFn sees it."""

    def __init__(self) -> None:
        self.value: Any = None

    def read(self) -> Any:
        return self.value

    def write(self, value: Any) -> None:
        self.value = value


def _timer(told: list[Any]) -> OutputTimer:
    """Give Beam's own timer of processing time; `told` collects what it tells the engine."""

    def keep(encoded: bytes) -> None:
        told.append(_TIMERS.decode_from_stream(create_InputStream(encoded), True))

    stream = SizeBasedBufferingClosableOutputStream(flush_callback=keep, size_flush_threshold=0)
    window, at, domain = GlobalWindow(), Timestamp(0), TimeDomain.REAL_TIME
    return OutputTimer("key", window, at, PANE_INFO_UNKNOWN, domain, "wake", _TIMERS, stream)


class _Follower:
    def __init__(self, broker: Broker, topic: str, *, idle_after: float | None = 0.5, group: str | None = None) -> None:
        event_time = EventTime(PARSE, max_out_of_orderness=60, idle_after=idle_after)
        self._key = f"{topic}:0"
        self._place = _Cell()
        self._told: list[Any] = []
        self._wake = _timer(self._told)
        self.fn = FollowFn(Connection(broker.servers), LONGEST, event_time, group)
        self.fn.setup()
        self.fn.process((self._key, 0), self._place, self._wake)

    def bundle(self) -> list[Any]:
        return list(self.fn.on_wake(self._key, self._place, self._wake))

    def take(self, count: int) -> list[Any]:
        """Run bundles until so many records came; the first answer of a broker may take longer than one."""
        taken: list[Any] = []
        until = time.monotonic() + 30
        while len(taken) < count and time.monotonic() < until:
            taken += self.bundle()
        assert len(taken) == count
        return taken

    def rewind(self, offset: int) -> None:
        self._place.write((offset, self._place.read()[1]))

    def watermark(self) -> datetime | None:
        held = self._told[-1].hold_timestamp
        return None if held == MIN_TIMESTAMP else held.to_utc_datetime(has_tz=True)

    def end(self) -> None:
        self.fn.teardown()
        while following._RESTING:
            following._RESTING.popitem()[1].consumer.close(autocommit=False)


@pytest.fixture
def topic(broker: Broker) -> str:
    return new_topic(broker, "followed")


def _article(observed_at: str, **fields: Any) -> bytes:
    return orjson.dumps({"id": observed_at, "title": "Harbour bridge opens", "observed_at": observed_at, **fields})


def test_the_watermark_stays_behind_the_newest_article_that_parses(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic, idle_after=None)
    wrong = _article("2024-03-05T12:00:00Z", title=["a list"])
    send(broker, topic, [_article("2024-03-04T12:00:00Z"), _article("2024-03-04T11:00:00Z"), wrong, b"garbage", None])
    taken = follower.take(5)
    assert follower.watermark() == datetime(2024, 3, 4, 11, 59, tzinfo=UTC)
    assert taken[1].timestamp.to_utc_datetime() == datetime(2024, 3, 4, 11)
    follower.end()


def test_an_article_dated_ahead_of_the_clock_does_not_make_the_others_late(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic)
    send(broker, topic, [_article("2199-01-01T00:00:00Z")])
    follower.take(1)
    watermark = follower.watermark()
    assert watermark is not None
    assert watermark <= datetime.now(UTC) - timedelta(seconds=60)
    follower.end()


def test_an_idle_partition_follows_the_clock_but_not_while_the_broker_is_gone(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic)
    send(broker, topic, [_article("2024-03-04T12:00:00Z")])
    follower.take(1)
    before = follower.watermark()
    broker.kill()
    time.sleep(0.6)
    follower.bundle()
    assert follower.watermark() == before
    broker.start()
    until = time.monotonic() + 60
    asked = datetime.now(UTC)
    while follower.watermark() == before and time.monotonic() < until:
        asked = datetime.now(UTC)
        follower.bundle()
    idle = follower.watermark()
    assert idle is not None
    # How long the last bundle took, with a broker that has only just come back, is not the question.
    assert asked <= idle + timedelta(seconds=60) <= datetime.now(UTC)
    follower.end()


def test_a_bundle_that_is_run_again_reads_the_same_records(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic)
    send(broker, topic, [_article(f"2024-03-04T12:00:0{second}Z") for second in range(5)])
    first = follower.take(5)
    follower.rewind(0)
    assert [each.value for each in follower.take(5)] == [each.value for each in first]
    follower.rewind(3)
    assert [each.value.source for each in follower.take(2)] == [f"{topic}:0:3", f"{topic}:0:4"]
    follower.end()


def test_what_was_deleted_unread_is_passed_over_and_said(
    broker: Broker, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    send(broker, topic, [_article(f"2024-03-04T12:00:0{second}Z") for second in range(5)])
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    admin.delete_records({TopicPartition(topic, 0): 3})
    admin.close()
    follower = _Follower(broker, topic)
    sources = [each.value.source for each in follower.take(2)]
    assert sources == [f"{topic}:0:3", f"{topic}:0:4"]
    assert "offsets 0 to 3 were deleted" in caplog.text
    follower.end()


def test_positions_are_committed_for_monitoring_behind_what_is_being_read(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic, group="watch")
    partition = TopicPartition(topic, 0)
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    # The first commit that a broker ever sees makes it set up its groups, and fails meanwhile.
    for number in range(60):
        send(broker, topic, [_article("2024-03-04T12:00:00Z")])
        follower.take(1)
        with contextlib.suppress(KafkaError):
            committed = admin.list_group_offsets({"watch": [partition]})["watch"][partition]
            if 0 < committed.offset <= number:
                break
        time.sleep(0.5)
    else:
        pytest.fail("no position was ever committed")
    admin.close()
    while commits._ADMINS:  # else it knocks at the broker for as long as this process lives
        commits._ADMINS.popitem()[1].close()
    follower.end()


def test_partitions_that_are_added_are_found(broker: Broker, topic: str) -> None:
    find = FindPartitionsFn(Connection(broker.servers))
    known, told = _Cell(), []
    look = _timer(told)
    find.process((topic, b""), look)
    found = list(find.on_look(topic, known, look))
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    admin.create_partitions({topic: 3})
    admin.close()
    until = time.monotonic() + 30
    while known.value < 3 and time.monotonic() < until:
        found += find.on_look(topic, known, look)
    found += find.on_look(topic, known, look)
    assert found == [(f"{topic}:{number}", 0) for number in range(3)]
    # Events of a live stream must not wait for the next look.
    assert told[-1].hold_timestamp == told[-1].fire_timestamp > Timestamp.now()
