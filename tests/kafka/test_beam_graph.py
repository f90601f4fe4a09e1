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
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from connectors.parsing import parse
from pipeline.config import DetectionConfig
from pipeline.sinks.cloudevents import dead_letter_from, structured
from pipeline.sinks.kafka import WriteDeadLettersToKafka, WriteEventsToKafka
from pipeline.sources.kafka import commits
from pipeline.sources.kafka.ranges import OPEN_END, Range, find_ranges, open_consumer
from pipeline.sources.kafka.reading import FindPartitionsFn, FollowFn
from pipeline.sources.kafka.tracking import EventTime, RangeProvider
from pipeline.sources.kafka.transforms import ReadKafkaRanges
from pipeline.transforms.articles import DEAD_LETTERS, ParseArticles, SketchArticles
from pipeline.transforms.detect import DetectStories
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of, send
from tests.running import Wirewatch

PARSE = partial(parse, plausible=(datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)))
LONGEST = 1 << 20


def _run_graph(broker: Broker, articles: str, events: str, dead_letters: str) -> None:
    settings = {"bootstrap_servers": broker.servers}
    with open_consumer(settings) as consumer:
        ranges = find_ranges(consumer, articles)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        read = pipeline | ReadKafkaRanges(ranges, settings, LONGEST)
        parsed = read.raw | ParseArticles(PARSE)
        found = parsed.articles | SketchArticles(DetectionConfig()) | DetectStories(DetectionConfig())
        _ = found.events | WriteEventsToKafka(events, settings, "urn:wirewatch")
        dead = (read[DEAD_LETTERS], parsed[DEAD_LETTERS], found[DEAD_LETTERS]) | beam.Flatten()
        _ = dead | WriteDeadLettersToKafka(dead_letters, settings)


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


# Reading for ever, one bundle at a time as an engine would run it; no runner here ends such a read.


class _Tracker:
    """Hands the DoFn its tracker as the SDK does, and keeps what was given back."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker
        self.residual: OffsetRange | None = None
        self.current_restriction = self._tracker.current_restriction
        self.try_claim = self._tracker.try_claim

    def defer_remainder(self, *_: Any) -> None:
        _, self.residual = self._tracker.try_split(0)
        self._tracker.check_done()


class _Follower:
    def __init__(self, broker: Broker, topic: str, *, idle_after: float | None = 0.5, group: str | None = None) -> None:
        event_time = EventTime(PARSE, max_out_of_orderness=60, idle_after=idle_after)
        self._range = Range(topic, 0, 0, OPEN_END)
        self._start = 0
        self.estimator = ManualWatermarkEstimator(None)
        self.fn = FollowFn({"bootstrap_servers": broker.servers}, LONGEST, event_time, group)
        self.fn.setup()

    def bundle(self) -> list[Any]:
        finalizer = beam.DoFn.BundleFinalizerParam()
        tracker = _Tracker(RangeProvider().create_tracker(OffsetRange(self._start, OPEN_END)))
        out = list(self.fn.process(self._range, finalizer, tracker, self.estimator))
        assert tracker.residual is not None
        self._start = tracker.residual.start
        finalizer.finalize_bundle()
        return out

    def take(self, count: int) -> list[Any]:
        """Run bundles until so many records came; the first answer of a broker may take longer than one."""
        taken: list[Any] = []
        until = time.monotonic() + 30
        while len(taken) < count and time.monotonic() < until:
            taken += self.bundle()
        assert len(taken) == count
        return taken

    def rewind(self, offset: int) -> None:
        self._start = offset

    def watermark(self) -> datetime | None:
        current = self.estimator.current_watermark()
        return None if current is None else current.to_utc_datetime(has_tz=True)


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
    follower.fn.teardown()


def test_an_article_dated_ahead_of_the_clock_does_not_make_the_others_late(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic)
    send(broker, topic, [_article("2199-01-01T00:00:00Z")])
    follower.take(1)
    watermark = follower.watermark()
    assert watermark is not None
    assert watermark <= datetime.now(UTC) - timedelta(seconds=60)
    follower.fn.teardown()


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
    follower.fn.teardown()


def test_a_bundle_that_is_run_again_reads_the_same_records(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic)
    send(broker, topic, [_article(f"2024-03-04T12:00:0{second}Z") for second in range(5)])
    first = follower.take(5)
    follower.rewind(0)
    assert [each.value for each in follower.take(5)] == [each.value for each in first]
    follower.rewind(3)
    assert [each.value.source for each in follower.take(2)] == [f"{topic}:0:3", f"{topic}:0:4"]
    follower.fn.teardown()


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
    follower.fn.teardown()


def test_positions_are_committed_for_monitoring_when_a_bundle_is_durable(broker: Broker, topic: str) -> None:
    follower = _Follower(broker, topic, group="watch")
    partition = TopicPartition(topic, 0)
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    # The first commit that a broker ever sees makes it set up its groups, and fails meanwhile.
    for number in range(1, 30):
        send(broker, topic, [_article("2024-03-04T12:00:00Z")])
        follower.take(1)
        with contextlib.suppress(KafkaError):
            committed = admin.list_group_offsets({"watch": [partition]})["watch"][partition]
            if committed.offset == number:
                break
        time.sleep(0.5)
    else:
        pytest.fail("no position was ever committed")
    admin.close()
    while commits._ADMINS:  # else it knocks at the broker for as long as this process lives
        commits._ADMINS.popitem()[1].close()
    follower.fn.teardown()


def test_partitions_that_are_added_are_found(broker: Broker, topic: str) -> None:
    find = FindPartitionsFn({"bootstrap_servers": broker.servers}, EventTime(PARSE))
    found: list[Range] = []

    def look(start: int) -> int:
        tracker = _Tracker(RangeProvider().create_tracker(OffsetRange(start, OPEN_END)))
        found.extend(find.process(topic, tracker, ManualWatermarkEstimator(None)))
        assert tracker.residual is not None
        return tracker.residual.start

    known = look(0)
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    admin.create_partitions({topic: 3})
    admin.close()
    until = time.monotonic() + 30
    while known < 3 and time.monotonic() < until:
        known = look(known)
    look(known)
    assert found == [Range(topic, number, 0, OPEN_END) for number in range(3)]
