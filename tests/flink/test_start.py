"""A job that does not start to read says what is wrong; one that runs is followed, not started twice."""

import dataclasses
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flink.cluster import Cluster, gone
from tests.flink.jobs import MakeJob, newswire


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"job_server": "127.0.0.1:1"}, "no job server answers at 127.0.0.1:1"),
        ({"rest": "127.0.0.1:1"}, "no Flink answers at 127.0.0.1:1"),
        ({"flink_version": "1.18"}, "is 1.19.0, but flink_version in [flink] is 1.18"),
        ({"workers": "127.0.0.1:1", "start_seconds": 60.0}, "no workers answer at 127.0.0.1:1"),
        ({"parallelism": 64, "start_seconds": 5.0}, "It needs 64 task slots"),
    ],
    ids=["no job server", "no flink", "another version", "no workers", "no slots"],
)
def test_what_is_missing_is_named_and_nothing_is_left_running(
    make_job: MakeJob, change: dict[str, object], sentence: str
) -> None:
    job = make_job()
    job.change(**change)
    assert job.start().wait(240) == 1
    assert sentence in job.said()
    assert "Traceback" not in job.said()
    until = time.monotonic() + 60
    while job.flink.running(job.name) and time.monotonic() < until:
        time.sleep(0.5)
    assert not job.flink.running(job.name)


def test_a_topic_that_is_missing_is_named(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job()
    job.change(name="none")
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(job.dead, "not-made"))
    assert job.start().wait(60) == 1
    assert "no topic 'not-made'" in job.said()


def test_a_live_story_is_told_within_seconds(make_job: MakeJob) -> None:
    job = make_job(partitions=2, mode="max_out_of_orderness_seconds = 1\npartition_idle_seconds = 2")
    job.start_reading()
    # Just after the job has looked for partitions, which it does once a minute.
    job.publish(dataclasses.replace(article, observed_at=datetime.now(UTC)) for article in newswire())
    published = time.monotonic()
    while not job.num_told() and time.monotonic() < published + 60:
        time.sleep(0.5)
    # A tick, two seconds until the partitions are idle, the broker's and the engine's pauses, and a slow machine.
    assert time.monotonic() - published < 30
    job.stop()


def test_a_job_that_runs_is_followed_and_outlives_who_looks_on(make_job: MakeJob) -> None:
    job = make_job()
    first = job.start_reading()
    second = job.start()
    until = time.monotonic() + 60
    while "runs already" not in job.said() and time.monotonic() < until:
        time.sleep(0.5)
    second.terminate()
    assert second.wait(15) == 0
    assert job.said().splitlines() == [
        f"job {first} runs already; following it",
        f"job {first} goes on; `wirewatch stop` ends it",
    ]
    job.stop()
    assert not job.flink.running(job.name)


def test_a_cluster_that_is_stopped_leaves_no_process_behind(cluster: Cluster, tmp_path: Path) -> None:
    second = Cluster(tmp_path / "flink", slots=1)
    second.start()
    names = ("jobmanager", "taskmanager-1", "jobserver", "workers")
    pids = [second.pid(name) for name in names]
    lines = {f"{name}: process {pid}" for name, pid in zip(names, pids, strict=True)}
    assert set(second.status().splitlines()) == lines
    second.stop()
    assert all(gone(pid) for pid in pids)


@pytest.mark.soak
def test_twenty_fresh_starts_of_twenty_tell_events(make_job: MakeJob) -> None:
    articles = newswire()
    for number in range(20):
        # A checkpoint a second: most fresh starts meet one while only the first part of the job has worked.
        job = make_job(partitions=2, checkpoint_seconds=1)
        job.publish(articles)
        begun = time.monotonic()
        job.start_reading()
        while not job.num_told():
            assert time.monotonic() - begun < 180, f"start {number + 1} tells nothing"
            time.sleep(0.5)
        print(f"start {number + 1}: first event after {time.monotonic() - begun:.0f} s")
        job.end()
