"""`wirewatch run` with engine `flink`, what it is given to read and what it tells."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from kafka import KafkaProducer

from connectors.files import read_file
from connectors.parsing import parse
from pipeline.hosts.flink.rest import Flink
from pipeline.records import Article, RawArticle
from pipeline.sinks.cloudevents import structured
from tests.flink.cluster import Cluster
from tests.kafka import running
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of, send_end
from tests.running import ROOT, Wirewatch

ONE_OUTLET = "[detection.stories]\nemerge_outlets = 1\n"
"""Reuters is one outlet; without this hardly a story emerges."""


def reuters_with_five(shared: Path, count: int | None = None) -> list[Article]:
    """Give the first articles of Reuters in the order of their time, with the five of `shared/articles` among them."""
    found = read_file(str(shared / "data" / "reuters21578.jsonl.xz"), seen_at=datetime(1987, 1, 1, tzinfo=UTC))
    raws = [raw for raw in found if isinstance(raw, RawArticle)]
    articles = [parse(raw, plausible=running.PLAUSIBLE).article for raw in raws[:count]]
    middle = sorted(article.observed_at for article in articles)[len(articles) // 2]
    for number, path in enumerate(sorted((shared / "articles").glob("*.txt"))):
        title, _, text = path.read_text("utf-8").partition("\n")
        at = (middle + timedelta(minutes=number)).isoformat()
        raw = orjson.dumps({"id": path.stem, "title": title, "text": text, "observed_at": at})
        articles.append(parse(RawArticle(path.name, raw, "json", middle), plausible=running.PLAUSIBLE).article)
    return sorted(articles, key=lambda article: (article.observed_at, article.id))


def newswire() -> list[Article]:
    """Give the sample newswire in the order of its time."""
    return sorted(running.newswire(), key=lambda article: article.observed_at)


class FlinkJob:
    """One deployment on a cluster: topics, configuration and job of its own.

    Parameters
    ----------
    cluster
        Where it runs.
    broker
        Where its topics are made.
    folder
        Holds its configuration.
    partitions
        Of the topic of articles.
    parallelism
        Task slots that it takes.
    checkpoint_seconds
        How often its state is made durable.
    more
        Further tables of the configuration.
    """

    def __init__(
        self,
        cluster: Cluster,
        broker: Broker,
        folder: Path,
        *,
        partitions: int = 1,
        parallelism: int = 1,
        checkpoint_seconds: float = 2.0,
        mode: str = "archive = true\nmax_out_of_orderness_seconds = 0",
        more: str = ONE_OUTLET,
    ) -> None:
        self._broker = broker
        self._folder = folder
        self._partitions = partitions
        self.articles = new_topic(broker, "articles", partitions)
        self.events = new_topic(broker, "story-events", 3)
        self.dead = new_topic(broker, "articles-dead-letters")
        self.name = self.articles
        self._tables = (
            f'[run]\nengine = "flink"\n'
            f'[input]\nkafka = "{broker.servers}"\ntopic = "{self.articles}"\n{mode}\n'
            f'[output]\nkafka = "{broker.servers}"\ntopic = "{self.events}"\ndead_letters_topic = "{self.dead}"\n'
        )
        self._more = more
        self._flink: dict[str, object] = {
            "rest": cluster.rest,
            "job_server": cluster.job_server,
            "workers": cluster.workers,
            "name": self.name,
            "parallelism": parallelism,
            "checkpoint_seconds": checkpoint_seconds,
            "start_seconds": 240.0,
        }
        self.change()
        self.flink = Flink(cluster.rest)
        self._processes: list[subprocess.Popen[str]] = []

    def change(self, *, more: str | None = None, **flink: object) -> None:
        """Write the configuration, with other values of `[flink]` or other tables besides where they are given."""
        self._flink |= flink
        self._more = self._more if more is None else more
        values = [f"{name} = {orjson.dumps(value).decode()}\n" for name, value in self._flink.items()]
        (self._folder / "config.toml").write_text(f"{self._tables}[flink]\n{''.join(values)}{self._more}", "utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `wirewatch run`; what it says goes to ``run.log``."""
        with (self._folder / "run.log").open("w") as log:
            return self._popen("run", *arguments, stdout=log)

    def start_reading(self, *arguments: str) -> str:
        """Start the job, leave it alone when it reads, and give its id."""
        process = self.start(*arguments)
        until = time.monotonic() + 300
        while time.monotonic() < until and process.poll() is None:
            if " reads, " in self.said():
                process.terminate()
                assert process.wait(30) == 0, self.said()
                return self.id()
            time.sleep(0.2)
        process.kill()
        raise AssertionError(f"the job does not read: {self.said()}")

    def said(self) -> str:
        return (self._folder / "run.log").read_text("utf-8")

    def stop(self) -> str:
        """Run `wirewatch stop`; gives the savepoint."""
        process = self._popen("stop", stdout=subprocess.PIPE)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0, out
        return out.strip()

    def end(self) -> None:
        """Leave nothing of it behind."""
        for process in self._processes:
            process.kill()
            process.wait()
        for job in self.flink.running(self.name):
            self.flink.cancel(job)

    def id(self) -> str:
        (job,) = self.flink.running(self.name)
        return job

    def publish(self, articles: Iterable[Article], *, each_seconds: float = 0.0) -> None:
        """Publish articles, spread over the partitions by their ids."""
        producer = KafkaProducer(bootstrap_servers=self._broker.servers, acks="all", compression_type="zstd")
        try:
            for article in articles:
                producer.send(self.articles, key=article.id.encode(), value=article.to_json())
                if each_seconds:
                    time.sleep(each_seconds)
            producer.flush()
        finally:
            producer.close()

    def publish_end(self, articles: Sequence[Article]) -> None:
        """Put an end behind them into each partition, as `send_end` does."""
        send_end(self._broker, self.articles, self._partitions, articles)

    def told(self) -> dict[str, set[bytes]]:
        """Give what stands in the topic of events: for each id, every content that was written under it."""
        found: dict[str, set[bytes]] = defaultdict(set)
        for record in records_of(self._broker, self.events):
            event = structured(record.headers, record.value)
            found[orjson.loads(event)["id"]].add(event)
        return dict(found)

    def num_told(self) -> int:
        return len(records_of(self._broker, self.events))

    def times_told(self) -> list[float]:
        """Give when the broker got each event, in order, seconds since 1970."""
        return sorted(record.timestamp / 1000 for record in records_of(self._broker, self.events))

    def told_when(self, expected: dict[str, set[bytes]], seconds: float) -> dict[str, set[bytes]]:
        """Wait until every expected id stands in the topic, or the time is over; gives what stands there."""
        until = time.monotonic() + seconds
        while True:
            told = self.told()
            if told.keys() >= expected.keys() or time.monotonic() > until:
                return told
            time.sleep(1)

    def _popen(self, command: str, *arguments: str, stdout: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.main", command, "--config", "config.toml", *arguments],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.append(process)
        return process


ReplayReuters = Callable[[int | None], tuple[list[Article], dict[str, set[bytes]]]]
"""Gives the first articles of `reuters_with_five` and, from `replayed`, what a replay tells of them."""

MakeJob = Callable[..., FlinkJob]
"""Makes a job on the cluster of the tests; arguments as those of `FlinkJob` behind the folder."""


def replayed(wirewatch: Wirewatch, articles: Sequence[Article], folder: Path) -> dict[str, set[bytes]]:
    """Give the events that a replay of the articles tells, as `FlinkJob.told` gives those of a job."""
    (folder / "articles.jsonl").write_bytes(b"".join(article.to_json() + b"\n" for article in articles))
    (folder / "replay.toml").write_text(ONE_OUTLET)
    done = wirewatch("replay", "articles.jsonl", "--events", "replayed.jsonl", "--config", "replay.toml")
    assert done.returncode == 0, done.stderr
    lines = (folder / "replayed.jsonl").read_bytes().splitlines()
    return {orjson.loads(line)["id"]: {line} for line in lines}
