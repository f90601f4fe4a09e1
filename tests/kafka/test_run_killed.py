"""`kill -9` of the run and of the broker at random moments: each event once for consumers of committed records."""

import random
import threading
import time
from pathlib import Path

import pytest

from tests.kafka.broker import Broker
from tests.kafka.running import Job, ended, eventually, newswire, publish, seed
from tests.running import Wirewatch

# The load is published while the runs are killed, an article at a time.
_EACH_SECONDS = 0.02


@pytest.fixture
def expected(tmp_path: Path, samples: Path, wirewatch: Wirewatch) -> list[bytes]:
    wirewatch("replay", samples / "newswire.jsonl", "--events", "replayed.jsonl")
    return (tmp_path / "replayed.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("num_kills", [2, pytest.param(50, marks=pytest.mark.soak)], ids=["two kills", "fifty kills"])
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_run_that_is_killed_tells_each_event_once(
    broker: Broker, tmp_path: Path, expected: list[bytes], partitions: int, num_kills: int
) -> None:
    chosen = seed()
    chance = random.Random(chosen)
    # Short delay: ticks become due, and events are told, while the load is read.
    job = Job(broker, tmp_path, partitions=partitions, live="archive = true\nmax_out_of_orderness_seconds = 0")
    articles = sorted(newswire(), key=lambda article: article.observed_at)
    each_seconds = max(_EACH_SECONDS, 1.4 * num_kills / len(articles))
    loading = threading.Thread(
        target=publish, args=(broker, job.articles, articles), kwargs={"each_seconds": each_seconds}
    )
    loading.start()
    for _ in range(num_kills):
        process = job.start()
        # Imports and joining take about a second.
        time.sleep(0.7 + 1.5 * chance.random())
        process.kill()
        process.communicate()
    loading.join()
    done = job.run("--until-idle", 1)
    assert done.returncode == 0, (chosen, done.stderr)
    assert sorted(job.told()) == sorted(expected), f"WIREWATCH_SEED={chosen}"


@pytest.mark.parametrize("num_kills", [2, pytest.param(5, marks=pytest.mark.soak)], ids=["two kills", "five kills"])
def test_a_broker_that_is_killed_and_comes_back_is_waited_for(
    broker: Broker, tmp_path: Path, expected: list[bytes], num_kills: int
) -> None:
    chosen = seed()
    chance = random.Random(chosen)
    job = Job(broker, tmp_path, partitions=2, live="archive = true\nmax_out_of_orderness_seconds = 0")
    articles = sorted(newswire(), key=lambda article: article.observed_at)
    share = len(articles) // (num_kills + 1)
    process = job.start()
    try:
        for number in range(num_kills):
            publish(broker, job.articles, articles[number * share : (number + 1) * share])
            # A run that has not begun yet is patient only for a few attempts to connect.
            assert any(job.has_read() for _ in eventually(60))
            time.sleep(1.5 * chance.random())
            broker.kill()
            time.sleep(2 * chance.random())
            broker.start()
        publish(broker, job.articles, articles[num_kills * share :])
        time.sleep(5)
        is_alive = process.poll() is None
    finally:
        code, _, err = ended(process)
    assert is_alive, err
    assert code == 0, err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 6 * num_kills, err
    done = job.run("--until-idle", 1)
    assert done.returncode == 0, (chosen, done.stderr)
    assert sorted(job.told()) == sorted(expected), f"WIREWATCH_SEED={chosen}"
