"""The cluster and the broker that the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.records import Article
from tests.flink.cluster import Cluster, what_is_missing
from tests.flink.jobs import FlinkJob, MakeJob, ReplayReuters, replayed, reuters_with_five
from tests.kafka.broker import Broker, running_broker
from tests.running import Wirewatch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the cluster, so that `-m "not flink"` leaves it out."""
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):  # asked for, or needed by what is asked for
            item.add_marker("flink")


@pytest.fixture(scope="session")
def flink_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Return a real, running broker; a test that kills it starts it again."""
    yield from running_broker(tmp_path_factory)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a real, running cluster of two task managers; a test that kills a part of it starts it again."""
    missing = what_is_missing()
    if missing:
        pytest.skip(f"needs a Flink cluster, which needs {missing}")
    # With one slot each, no job of two can do without one of them.
    cluster = Cluster(tmp_path_factory.mktemp("flink"), task_managers=2, slots=1)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def replay_reuters(shared: Path, wirewatch: Wirewatch, tmp_path: Path) -> ReplayReuters:
    def replay(count: int | None) -> tuple[list[Article], dict[str, set[bytes]]]:
        articles = reuters_with_five(shared, count)
        return articles, replayed(wirewatch, articles, tmp_path)

    return replay


@pytest.fixture
def make_job(cluster: Cluster, flink_broker: Broker, tmp_path: Path) -> Iterator[MakeJob]:
    """Make jobs on the shared cluster that end with the test."""
    made: list[FlinkJob] = []

    def make(**arguments: object) -> FlinkJob:
        made.append(FlinkJob(cluster, flink_broker, tmp_path, **arguments))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for job in made:
        job.end()
