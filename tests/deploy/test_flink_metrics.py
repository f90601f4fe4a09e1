"""What the Beam graph counts is told by Flink's Prometheus reporter, as docs/metrics.md says."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.flink.cluster import Cluster, what_is_missing
from tests.flink.jobs import FlinkJob, newswire
from tests.kafka.broker import Broker, running_broker
from tests.running import ROOT, free_ports

_PROCESSES = 2  # a job manager and a task manager
_PREFIX = "flink_taskmanager_job_task_operator_wirewatch_"


class MeasuredCluster(Cluster):
    """A cluster whose processes tell Prometheus."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        first = free_ports(_PROCESSES)
        self.ports = range(first, first + _PROCESSES)

    def counted(self) -> Counter[str]:
        """Give what the graph counted, by the counters' own names, over all steps and processes."""
        found: Counter[str] = Counter()
        for port in self.ports:
            text = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", timeout=30).data.decode()
            for name, value in re.findall(rf"^{_PREFIX}(\w+)\{{.*\}} (\S+)$", text, re.MULTILINE):
                found[name] += int(float(value))
        return found

    def _run(self, command: str, *arguments: str) -> str:
        given = ("--metrics", f"{self.ports[0]}-{self.ports[-1]}") if command == "start" else ()
        return super()._run(command, *arguments, *given)


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from running_broker(tmp_path_factory)


@pytest.mark.flink
def test_flink_tells_prometheus_what_the_graph_counts(
    broker: Broker, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if missing := what_is_missing():
        pytest.skip(f"needs a Flink cluster, which needs {missing}")
    cluster = MeasuredCluster(tmp_path / "flink")
    request.addfinalizer(cluster.kill_all)
    cluster.start()
    job = FlinkJob(cluster, broker, tmp_path)
    request.addfinalizer(job.end)
    job.start_reading()
    articles = newswire()
    job.publish(articles)
    job.publish_end(articles)
    until = time.monotonic() + 90
    while (counted := cluster.counted())["articles_read_total"] <= len(articles) and time.monotonic() < until:
        time.sleep(1)
    while not (counted := cluster.counted())["events_emerged_total"] and time.monotonic() < until:
        time.sleep(1)
    assert counted["articles_read_total"] == len(articles) + 1
    assert counted["articles_report_total"] > counted["events_emerged_total"] > 0
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert {_PREFIX + name for name in counted} >= set(re.findall(rf"`({_PREFIX}\w+)`", page)) != set()
