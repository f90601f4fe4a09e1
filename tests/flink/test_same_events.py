"""On Flink the same articles give the same events as a replay, by id and content."""

from pathlib import Path

import pytest

from tests.flink.cluster import Cluster
from tests.flink.jobs import ONE_OUTLET, FlinkJob, events_of, reuters_with_five, write_articles
from tests.kafka.broker import Broker
from tests.running import Wirewatch

_SHORT = 1500
_WHOLE = [
    pytest.param(None, partitions, parallelism, marks=pytest.mark.soak, id=f"all-{partitions}-{parallelism}")
    for partitions in (1, 4)
    for parallelism in (1, 2)
]


@pytest.mark.parametrize(("count", "partitions", "parallelism"), [pytest.param(_SHORT, 4, 2, id="short-4-2"), *_WHOLE])
def test_events_equal_those_of_a_replay(
    cluster: Cluster,
    flink_broker: Broker,
    shared: Path,
    wirewatch: Wirewatch,
    tmp_path: Path,
    count: int | None,
    partitions: int,
    parallelism: int,
) -> None:
    articles = reuters_with_five(shared, count)
    write_articles(articles, tmp_path / "articles.jsonl")
    (tmp_path / "replay.toml").write_text(ONE_OUTLET)
    done = wirewatch("replay", "articles.jsonl", "--events", "replayed.jsonl", "--config", "replay.toml")
    assert done.returncode == 0, done.stderr
    expected = events_of(tmp_path / "replayed.jsonl")
    job = FlinkJob(cluster, flink_broker, tmp_path, partitions=partitions, parallelism=parallelism)
    job.publish(articles)
    job.publish_end(articles)
    job.start_reading()
    told = job.told_when(expected, 300)
    job.cancel()
    assert told == expected
    assert len(expected) > len(articles) / 20
