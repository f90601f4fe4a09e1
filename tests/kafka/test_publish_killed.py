"""Publishing that is killed, stopped, or loses its broker."""

import os
import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.kafka.broker import Broker
from tests.kafka.publishing import ENVIRONMENT, Publishing, line, numbers, peak_kilobytes, summed
from tests.kafka.running import seed

NUM_ARTICLES = 20_000


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    file = tmp_path / "feed.jsonl"
    file.write_bytes(b"".join(map(line, range(NUM_ARTICLES))))
    return file


def publish_and_kill(publishing: Publishing, feed: Path, kills: int) -> int:
    """Kill the publisher at random moments, then let it end; gives how many kills found it at work."""
    chance = random.Random(seed())
    num_at_work = 0
    for _ in range(kills):
        process = publishing.start(feed)
        time.sleep(chance.uniform(0.6, 1.6))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
        num_at_work += process.returncode == -signal.SIGKILL
    done = publishing.run(feed)
    assert done.returncode == 0, done.stderr
    return num_at_work


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.soak)])
def test_a_killed_publisher_leaves_nothing_out(broker: Broker, tmp_path: Path, feed: Path, kills: int) -> None:
    publishing = Publishing(broker, tmp_path, partitions=4)
    num_articles = max(3 * NUM_ARTICLES, 12_000 * kills)
    feed.write_bytes(b"".join(map(line, range(num_articles))))

    num_at_work = publish_and_kill(publishing, feed, kills)

    print(f"{num_at_work} of {kills} kills found it at work; {len(publishing.ids()):,} records")
    assert set(publishing.ids()) == numbers(num_articles)
    assert num_at_work >= kills * 0.9


def test_what_was_acknowledged_before_a_kill_is_not_sent_again(broker: Broker, tmp_path: Path, feed: Path) -> None:
    publishing = Publishing(broker, tmp_path)
    process = publishing.start(feed)
    publishing.wait_for_ids({"a3000"})
    process.kill()
    process.communicate(timeout=10)

    publishing.run(feed)

    assert set(publishing.ids()) == numbers(NUM_ARTICLES)
    # What was on its way is sent again, and what arrived since the last note: not the first thousands.
    assert publishing.ids().count("a0") == 1


def test_sigterm_ends_it_within_five_seconds_and_the_sums_agree(broker: Broker, tmp_path: Path, feed: Path) -> None:
    publishing = Publishing(broker, tmp_path)
    process = publishing.start(feed)
    publishing.wait_for_ids({"a10"})
    started = time.monotonic()
    process.terminate()
    output, _ = process.communicate(timeout=20)

    assert time.monotonic() - started < 5
    assert process.returncode == 0, output
    found = summed(output)
    parts = found["published"] + found["dead letters"] + found.get("not acknowledged; they are sent again next time", 0)
    assert found["articles read"] == parts < NUM_ARTICLES
    rest = summed(publishing.run(feed).stdout)
    assert found["published"] + rest["published"] == NUM_ARTICLES
    assert set(publishing.ids()) == numbers(NUM_ARTICLES)


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.soak)])
def test_a_broker_that_is_killed_and_comes_back_loses_nothing(broker: Broker, tmp_path: Path, kills: int) -> None:
    publishing = Publishing(broker, tmp_path)
    folder = tmp_path / "news"
    folder.mkdir()
    process = publishing.start(folder, "--follow")
    writing = threading.Thread(target=_write_slowly, args=(folder / "feed.jsonl", 2_000 * kills))
    writing.start()
    for _ in range(kills):
        time.sleep(4)
        broker.kill()
        broker.start()
    writing.join()
    publishing.wait_for_ids(numbers(2_000 * kills), 60)
    process.terminate()
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 0, output
    # The idempotent producer tries again without doubling.
    assert len(publishing.ids()) == 2_000 * kills


def test_a_broker_that_stays_away_is_one_message_and_the_next_run_goes_on(broker: Broker, tmp_path: Path) -> None:
    publishing = Publishing(broker, tmp_path)
    publishing.configure("[kafka]\ndelivery_seconds = 3\nconnect_seconds = 3\n")
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "feed.jsonl").write_bytes(line(0))
    process = publishing.start(folder, "--follow")
    publishing.wait_for_ids({"a0"})
    broker.kill()
    try:
        with (folder / "feed.jsonl").open("ab") as feed:
            feed.write(line(1))
        output, _ = process.communicate(timeout=30)
    finally:
        broker.start()

    assert process.returncode == 1
    errors = [row for row in output.splitlines() if row.startswith("Error:")]
    assert len(errors) == 1
    assert "could not be delivered" in errors[0]
    assert "Traceback" not in output
    publishing.run(folder)
    assert set(publishing.ids()) == numbers(2)


def _write_slowly(path: Path, count: int) -> None:
    with path.open("ab", buffering=0) as feed:
        for number in range(count):
            feed.write(line(number))
            if number % 10 == 0:
                time.sleep(0.02)


def test_memory_does_not_grow_with_the_file(broker: Broker, tmp_path: Path) -> None:
    publishing = Publishing(broker, tmp_path)
    file = tmp_path / "big.jsonl"
    text = os.urandom(5_000).hex()
    with file.open("wb") as feed:
        for number in range(12_000):
            feed.write(line(number, f"{number} {text}"))
    assert file.stat().st_size > 120_000_000

    process = subprocess.Popen(publishing.command(file), cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_kilobytes(process.pid))
        time.sleep(0.05)

    assert process.returncode == 0
    assert 0 < peak < 250_000  # Python with its imports takes half of it
