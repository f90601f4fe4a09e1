"""A job that runs for long keeps its state, its checkpoints and its pace."""

import dataclasses
import itertools
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.records import Article
from tests.flink.jobs import FlinkJob, MakeJob, reuters_with_five

_LIVE = "max_out_of_orderness_seconds = 1\npartition_idle_seconds = 2"


def test_checkpoints_of_an_idle_job_do_not_grow(make_job: MakeJob) -> None:
    job = make_job(partitions=2, checkpoint_seconds=1, mode=_LIVE)
    started = job.start_reading()
    sizes: dict[int, int] = {}
    polls = 0
    until = time.monotonic() + 120
    # Flink's metrics come late, or not, from a machine that is busy.
    while (len(sizes) < 15 or polls < 100) and time.monotonic() < until:
        time.sleep(2)
        sizes |= _completed(job, started, "state_size")
        polls = max(polls, job.flink.counters(started)["polls_total"])
    assert len(sizes) >= 15
    assert polls >= 100
    # A source that gave itself back would have added 6 KB at every poll.
    assert max(sizes.values()) - min(sizes.values()) < 60_000, sizes


def _completed(job: FlinkJob, started: str, what: str) -> dict[int, int]:
    """Give something of the newest completed checkpoints, by their numbers."""
    history = job.flink.checkpoints(started)["history"]
    return {each["id"]: each[what] for each in history if each["status"] == "COMPLETED"}


@pytest.mark.soak
def test_half_an_hour_at_fifty_articles_a_second(make_job: MakeJob, shared: Path) -> None:
    horizon_hours = 5 / 60
    more = f"[detection.stories]\nemerge_outlets = 1\n[detection.time]\nhorizon_hours = {horizon_hours}\n"
    job = make_job(partitions=4, parallelism=2, mode=_LIVE, more=more)
    started = job.start_reading()
    minutes = 30
    articles = reuters_with_five(shared)
    loading = threading.Thread(target=_publish_steadily, daemon=True, args=(job, articles, minutes * 60))
    loading.start()
    sizes: list[tuple[float, int]] = []
    durations: dict[int, int] = {}
    begun = time.monotonic()
    while loading.is_alive():
        time.sleep(5)
        durations |= _completed(job, started, "end_to_end_duration")
        minute = (time.monotonic() - begun) / 60
        sizes += [(minute, size) for size in _completed(job, started, "state_size").values()]
    per_minute = [
        statistics.median(size for minute, size in sizes if int(minute) == whole) for whole in range(8, minutes)
    ]
    quantile = statistics.quantiles(durations.values(), n=100)[98]
    print(f"checkpoint sizes by minute from the 8th: {[round(size / 1e6, 2) for size in per_minute]} MB")
    print(f"{len(durations)} checkpoints, p99 of their durations {quantile:.0f} ms")
    half = len(per_minute) // 2
    first, last = statistics.mean(per_minute[:half]), statistics.mean(per_minute[half:])
    assert abs(last - first) / first < 0.2
    assert quantile < 2000


def _publish_steadily(job: FlinkJob, articles: list[Article], seconds: float) -> None:
    until = time.monotonic() + seconds

    def observed_now() -> Iterator[Article]:
        for number in itertools.count():
            if time.monotonic() > until:
                return
            article = articles[number % len(articles)]
            yield dataclasses.replace(article, id=f"{article.id}-{number}", observed_at=datetime.now(UTC))

    job.publish(observed_now(), each_seconds=0.02)
