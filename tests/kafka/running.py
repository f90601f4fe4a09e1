"""`wirewatch run` against the broker, in processes that may be killed."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaProducer

from connectors.files import read_file
from connectors.parsing import parse
from pipeline.records import Article, RawArticle
from pipeline.sinks.cloudevents import structured
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of
from tests.running import ROOT

PLAUSIBLE = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def newswire() -> list[Article]:
    raws = read_file(str(ROOT / "samples" / "newswire.jsonl"))
    return [parse(raw, plausible=PLAUSIBLE).article for raw in raws if isinstance(raw, RawArticle)]


def seed() -> int:
    """Give the seed that the environment names, or a new one; a test that fails prints it."""
    chosen = int(os.environ.get("WIREWATCH_SEED", random.SystemRandom().randrange(10**6)))
    print(f"WIREWATCH_SEED={chosen}")
    return chosen


def publish(broker: Broker, topic: str, articles: Iterable[Article], *, each_seconds: float = 0.0) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.servers, acks="all", compression_type="zstd")
    try:
        for article in articles:
            producer.send(topic, key=article.id.encode(), value=article.to_json())
            if each_seconds:
                producer.flush()
                time.sleep(each_seconds)
        producer.flush()
    finally:
        producer.close()


class Job:
    """One deployment of `wirewatch run`: topics, configuration and state of its own.

    Parameters
    ----------
    broker
        Where its topics are made.
    folder
        Holds its configuration and its state.
    partitions
        Of the topic of articles.
    live
        Whether the clock dates what brings no date.
    more
        Further tables of the configuration.
    """

    def __init__(self, broker: Broker, folder: Path, *, partitions: int = 1, live: str = "", more: str = "") -> None:
        self.broker = broker
        self.folder = folder
        self.articles = new_topic(broker, "articles", partitions)
        self.events = new_topic(broker, "story-events", 3)
        self.dead = new_topic(broker, "articles-dead-letters")
        mode = live or "archive = true\nmax_out_of_orderness_seconds = 1e7"
        (folder / "config.toml").write_text(
            f'[input]\nkafka = "{broker.servers}"\ntopic = "{self.articles}"\n{mode}\n'
            f'[output]\nkafka = "{broker.servers}"\ntopic = "{self.events}"\ndead_letters_topic = "{self.dead}"\n'
            f"{more}\n",
            "utf-8",
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pipeline.main", "run", "--config", "config.toml", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def has_read(self) -> bool:
        """Whether any article is in the state: the run has then found both brokers."""
        try:
            with closing(sqlite3.connect(f"file:{self.folder / 'wirewatch-state.db'}?mode=ro", uri=True)) as state:
                return bool(state.execute("SELECT 1 FROM positions").fetchall())
        except sqlite3.OperationalError:
            return False

    def told(self) -> list[bytes]:
        """Give what a consumer of committed records sees, as lines of a file of events, by partition."""
        return [structured(record.headers, record.value) for record in records_of(self.broker, self.events)]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Ask a process to stop, as a supervisor does; it has five seconds."""
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5, f"SIGTERM took {time.monotonic() - begun:.1f} s"
    return process.returncode, out, err


def eventually(seconds: float = 30) -> Iterator[None]:
    """Loop body after loop body until the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
        time.sleep(0.2)
