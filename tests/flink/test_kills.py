"""SIGKILL of each part at random moments: the events are those of an undisturbed run, each id with one content."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from pipeline.records import Article
from tests.flink.cluster import Cluster, listens
from tests.flink.jobs import FlinkJob, MakeJob, replayed, reuters_with_five
from tests.kafka.broker import Broker, free_ports
from tests.kafka.running import seed
from tests.running import ROOT, Wirewatch

_SHORT = 600
_EACH_SECONDS = 0.04


Kill = Callable[[Cluster, Broker], None]


def _kill_task_manager(cluster: Cluster, broker: Broker) -> None:
    cluster.kill("taskmanager-1")
    time.sleep(2)
    cluster.start()


def _kill_worker_pool(cluster: Cluster, broker: Broker) -> None:
    cluster.kill("workers")
    time.sleep(2)
    cluster.start()


def _kill_one_worker(cluster: Cluster, broker: Broker) -> None:
    os.kill(random.choice(cluster.worker_pids()), signal.SIGKILL)


def _kill_broker(cluster: Cluster, broker: Broker) -> None:
    broker.kill()
    time.sleep(2)
    broker.start()


_KILLS = [_kill_task_manager, _kill_worker_pool, _kill_one_worker, _kill_broker]
_SOAK = [pytest.param(None, [kill] * 5, marks=pytest.mark.soak, id=f"five times{kill.__name__}") for kill in _KILLS]


@pytest.mark.parametrize(("count", "kills"), [pytest.param(_SHORT, _KILLS, id="each once"), *_SOAK])
def test_kills_lose_nothing_and_change_nothing_that_is_told(
    cluster: Cluster,
    flink_broker: Broker,
    make_job: MakeJob,
    shared: Path,
    wirewatch: Wirewatch,
    tmp_path: Path,
    count: int | None,
    kills: list[Kill],
) -> None:
    articles = reuters_with_five(shared, count)
    expected = replayed(wirewatch, articles, tmp_path)
    job = make_job(partitions=2, parallelism=2)
    job.start_reading()
    chance = random.Random(seed())
    share = -(-len(articles) // len(kills))
    for number, kill in enumerate(chance.sample(kills, len(kills))):
        _publish_and_kill(
            job, articles[number * share : (number + 1) * share], partial(kill, cluster, flink_broker), chance
        )
    job.publish_end(articles)
    told = job.told_when(expected, 180)
    assert told == expected


def test_a_worker_that_outlives_a_restored_checkpoint_does_not_believe_what_it_remembers(
    cluster: Cluster,
    flink_broker: Broker,
    make_job: MakeJob,
    shared: Path,
    wirewatch: Wirewatch,
    tmp_path: Path,
) -> None:
    articles = reuters_with_five(shared, _SHORT)
    expected = replayed(wirewatch, articles, tmp_path)
    with _lasting_workers() as address:
        job = make_job(partitions=2, parallelism=2, checkpoint_seconds=10.0)
        job.change(workers=address)
        job.start_reading()
        chance = random.Random(seed())
        _publish_and_kill(job, articles, partial(_kill_task_manager, cluster, flink_broker), chance)
        job.publish_end(articles)
        assert job.told_when(expected, 180) == expected


@contextmanager
def _lasting_workers() -> Iterator[str]:
    port = free_ports(1)
    pool = subprocess.Popen([sys.executable, "-m", "tests.flink.lasting_workers", str(port)], cwd=ROOT)
    try:
        until = time.monotonic() + 60
        while not listens(port):
            assert pool.poll() is None, "the workers have ended"
            assert time.monotonic() < until, "the workers do not listen"
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
        assert pool.poll() is None
    finally:
        pool.kill()
        pool.wait()


def _publish_and_kill(
    job: FlinkJob, articles: Sequence[Article], kill: Callable[[], None], chance: random.Random
) -> None:
    """Publish, end a part meanwhile, and wait until something is told again."""
    seconds = len(articles) * _EACH_SECONDS
    loading = threading.Thread(
        target=job.publish, daemon=True, args=(articles,), kwargs={"each_seconds": _EACH_SECONDS}
    )
    loading.start()
    time.sleep(seconds * chance.uniform(0.1, 0.6))
    before, killed_at = job.num_told(), time.monotonic()
    kill()
    while job.num_told() <= before:
        assert time.monotonic() - killed_at < 180, "nothing was told for three minutes after the kill"
        time.sleep(0.5)
    print(f"{getattr(kill, 'func', kill).__name__}: output stood still for {time.monotonic() - killed_at:.1f} s")
    loading.join()
