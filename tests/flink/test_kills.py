"""SIGKILL of each part at random moments: the events are those of an undisturbed run, each id with one content."""

import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import pytest

from pipeline.records import Article
from tests.flink.cluster import Cluster
from tests.flink.jobs import FlinkJob, MakeJob, ReplayReuters
from tests.flink.workers import lasting_workers
from tests.kafka.broker import Broker
from tests.kafka.running import seed

_SHORT = 600
_EACH_SECONDS = 0.04
_WHOLE_EACH_SECONDS = 0.02


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
_SOAK = [
    pytest.param(None, _WHOLE_EACH_SECONDS, [kill] * 5, marks=pytest.mark.soak, id=f"five times{kill.__name__}")
    for kill in _KILLS
]


@pytest.mark.parametrize(
    ("count", "each_seconds", "kills"), [pytest.param(_SHORT, _EACH_SECONDS, _KILLS, id="each once"), *_SOAK]
)
def test_kills_lose_nothing_and_change_nothing_that_is_told(
    cluster: Cluster,
    flink_broker: Broker,
    make_job: MakeJob,
    replay_reuters: ReplayReuters,
    count: int | None,
    each_seconds: float,
    kills: list[Kill],
) -> None:
    articles, expected = replay_reuters(count)
    job = make_job(partitions=2, parallelism=2)
    job.start_reading()
    chance = random.Random(seed())
    share = -(-len(articles) // len(kills))
    killed_at = []
    for number, kill in enumerate(chance.sample(kills, len(kills))):
        part = articles[number * share : (number + 1) * share]
        killed_at.append(
            (kill, _publish_and_kill(job, part, each_seconds, partial(kill, cluster, flink_broker), chance))
        )
    job.publish_end(articles)
    told = job.told_when(expected, 180)
    _report_standstill(killed_at, job.times_told())
    assert told == expected


def test_a_worker_that_outlives_a_restored_checkpoint_does_not_believe_what_it_remembers(
    cluster: Cluster,
    flink_broker: Broker,
    make_job: MakeJob,
    replay_reuters: ReplayReuters,
) -> None:
    articles, expected = replay_reuters(_SHORT)
    with lasting_workers() as address:
        job = make_job(partitions=2, parallelism=2, checkpoint_seconds=10.0)
        job.change(workers=address)
        job.start_reading()
        chance = random.Random(seed())
        _publish_and_kill(job, articles, _EACH_SECONDS, partial(_kill_task_manager, cluster, flink_broker), chance)
        job.publish_end(articles)
        assert job.told_when(expected, 180) == expected


def _publish_and_kill(
    job: FlinkJob, articles: Sequence[Article], each_seconds: float, kill: Callable[[], None], chance: random.Random
) -> float:
    """Publish, end a part meanwhile, and wait until something is told again; gives when it was ended."""
    seconds = len(articles) * each_seconds
    loading = threading.Thread(target=job.publish, daemon=True, args=(articles,), kwargs={"each_seconds": each_seconds})
    loading.start()
    time.sleep(seconds * chance.uniform(0.1, 0.6))
    before, killed_at = job.num_told(), time.time()
    kill()
    while job.num_told() <= before:
        assert time.time() - killed_at < 180, "nothing was told for three minutes after the kill"
        time.sleep(0.5)
    loading.join()
    return killed_at


def _report_standstill(kills: Sequence[tuple[Kill, float]], times_told: Sequence[float]) -> None:
    """Print the longest pause of the output between each kill and the next."""
    ends = [moment for _, moment in kills[1:]] + [math.inf]
    for (kill, begin), end in zip(kills, ends, strict=True):
        times = [begin, *(moment for moment in times_told if begin < moment <= end)]
        pause = max((later - earlier for earlier, later in pairwise(times)), default=math.inf)
        print(f"{kill.__name__}: output stood still for {pause:.1f} s")
