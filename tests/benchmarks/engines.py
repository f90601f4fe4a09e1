"""How fast each engine is, and how late live: two tables in Markdown, measured in one run.

    python -m tests.benchmarks.engines [--articles 3000] [--rate 50] [--seconds 60] [--only throughput|latency]

Starts a broker and a Flink cluster of two task managers, one slot each, all on this machine. Needs `../shared`.

**Throughput**: the first articles of Reuters with the five of `../shared/articles`, in archive mode, through a topic of
4 partitions. The first 300 are sent as an engine starts: until their first event can be read is its start. The others
are sent when it is quiet again: from then until the last event can be read is its time. The Beam graph on FnApiRunner
ends with its input: it reads ranges of the topic, of 300 articles (its start) and of all, and the difference is its
time. The core is the detector in memory, with parsing and sketching; its first 300 load the model of languages. Every
engine must tell the events of the core, by their ids.

**Latency**: the sample newswire at a steady rate, as in `latency_of_run`, into 4 partitions, with ticks of 5 s. The
Beam graph has no endless mode on FnApiRunner.
"""

import argparse
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from connectors.parsing import parse
from pipeline.config import config_from
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article, RawArticle
from tests.benchmarks.live import Ear, every_report, latencies, newswire_for_ever, send_steadily
from tests.benchmarks.sampling import PLAUSIBLE
from tests.flink.cluster import Cluster
from tests.flink.jobs import ONE_OUTLET, FlinkJob, reuters_with_five
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, send_end
from tests.kafka.running import Job, ended, publish
from tests.running import ROOT, read_jsonl

_PARTITIONS = 4
_FIRST = 300
_TICK_SECONDS = 5.0
_WARM_UP_SECONDS = 15.0
_START_SECONDS = 300.0
_TOLD_SECONDS = 600.0
_NO_BOUND = "max_out_of_orderness_seconds = 0"


class Topics(NamedTuple):
    """Where a running engine reads, and where it tells."""

    articles: str
    events: str


Engine = Callable[[Path, str, str, Sequence[Article]], AbstractContextManager[Topics]]
"""Runs an engine in a folder, with a mode of input and further configuration, on articles that wait for it."""


class Speed(NamedTuple):
    """A row of the first table."""

    engine: str
    start_seconds: float
    per_second: float


@contextmanager
def embedded(broker: Broker, folder: Path, mode: str, more: str, first: Sequence[Article]) -> Iterator[Topics]:
    job = Job(broker, folder, partitions=_PARTITIONS, live=mode, more=more)
    publish(broker, job.articles, first)
    process = job.start()
    try:
        yield Topics(job.articles, job.events)
    finally:
        ended(process)


@contextmanager
def flink(
    broker: Broker, cluster: Cluster, parallelism: int, folder: Path, mode: str, more: str, first: Sequence[Article]
) -> Iterator[Topics]:
    job = FlinkJob(cluster, broker, folder, partitions=_PARTITIONS, parallelism=parallelism, mode=mode, more=more)
    publish(broker, job.articles, first)
    job.start()
    try:
        yield Topics(job.articles, job.events)
    finally:
        job.end()
        while job.flink.running(job.name):
            time.sleep(0.5)


def speed_of_core(articles: Sequence[Article]) -> tuple[Speed, set[str]]:
    """Measure the core; gives the ids of its events too."""
    raws = [RawArticle(article.id, article.to_json(), "json", article.observed_at) for article in articles]
    begun = time.perf_counter()
    _told_by_core(raws[:_FIRST])
    started = time.perf_counter()
    told = _told_by_core(raws)
    return Speed("core", started - begun, len(raws) / (time.perf_counter() - started)), told


def _told_by_core(raws: Sequence[RawArticle]) -> set[str]:
    config = config_from(tomllib.loads(ONE_OUTLET), place="the benchmark").detection
    sketches = (sketch_article(parse(raw, plausible=PLAUSIBLE).article, config) for raw in raws)
    events, _ = detect_stories(sketches, config)
    return {event.id for event in events}


def speed_of(
    name: str, engine: Engine, broker: Broker, folder: Path, articles: Sequence[Article], expected: set[str]
) -> Speed:
    """Measure an endless engine."""
    first, others = articles[:_FIRST], articles[_FIRST:]
    begun = time.time()
    with engine(folder, f"archive = true\n{_NO_BOUND}", ONE_OUTLET, first) as topics, Ear(broker, topics.events) as ear:
        ear.await_num(1, _START_SECONDS)
        ear.await_quiet(5)
        sent = time.time()
        publish(broker, topics.articles, others)
        send_end(broker, topics.articles, _PARTITIONS, articles)
        ear.await_num(len(expected), _TOLD_SECONDS)
        ear.await_quiet(2)
    heard = ear.heard()
    _check(name, heard.keys(), expected)
    moments = [each.at for each in heard.values()]
    return Speed(name, min(moments) - begun, len(others) / (max(moments) - sent))


def speed_of_fn_api_runner(broker: Broker, folder: Path, articles: Sequence[Article], expected: set[str]) -> Speed:
    """Measure the Beam graph, which ends where the topic does."""
    topic = new_topic(broker, "articles", _PARTITIONS)
    publish(broker, topic, articles)
    (folder / "config.toml").write_text(ONE_OUTLET)
    command = [sys.executable, "-m", "pipeline.main", "replay", f"kafka:{topic}", "--brokers", broker.servers]
    command += ["--config", "config.toml", "--events", "events.jsonl"]
    start = _seconds_of([*command, "--to", str(_FIRST // _PARTITIONS)], folder)
    whole = _seconds_of(command, folder)
    name = "Beam graph on FnApiRunner"
    _check(name, {event["id"] for event in read_jsonl(folder / "events.jsonl")}, expected)
    return Speed(name, start, (len(articles) - _FIRST) / (whole - start))


def _seconds_of(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - begun


def _check(name: str, told: set[str], expected: set[str]) -> None:
    if told != expected:
        raise AssertionError(f"{name} tells {len(told)} events, and {len(told ^ expected)} are not those of the core")


def latency_of(engine: Engine, broker: Broker, folder: Path, rate: float, seconds: float) -> list[float]:
    """Measure an endless engine, live, after a warm-up."""
    source = newswire_for_ever()
    first = [replace(article, observed_at=datetime.now(UTC)) for article in islice(source, _FIRST)]
    with engine(folder, _NO_BOUND, every_report(_TICK_SECONDS), first) as topics, Ear(broker, topics.events) as ear:
        ear.await_num(1, _START_SECONDS)
        ear.await_quiet(_TICK_SECONDS)
        begun_at = time.time()
        send_steadily(broker, topics.articles, source, rate, _WARM_UP_SECONDS + seconds)
        ended_at = time.time()
        ear.await_quiet(_TICK_SECONDS + 7)
    # Nothing came that could end the last tick: silence did, much later.
    end = ended_at // _TICK_SECONDS * _TICK_SECONDS
    return latencies(ear.heard().values(), _TICK_SECONDS, begun_at + _WARM_UP_SECONDS, end)


def show_throughput(engines: dict[str, Engine], broker: Broker, folder: Path, num_articles: int) -> None:
    articles = reuters_with_five(ROOT.parent / "shared", num_articles)
    core, expected = speed_of_core(articles)
    print(f"{len(articles)} articles, {len(expected)} events; load average {os.getloadavg()[0]:.1f}\n")
    print("| engine | seconds to start | articles a second | of the core |\n|---|---|---|---|")
    _show(core, core)
    for name, engine in engines.items():
        _show(speed_of(name, engine, broker, _folder(folder, f"speed of {name}"), articles, expected), core)
    _show(speed_of_fn_api_runner(broker, _folder(folder, "graph"), articles, expected), core)


def _show(speed: Speed, core: Speed) -> None:
    share = speed.per_second / core.per_second
    print(f"| {speed.engine} | {speed.start_seconds:.1f} | {speed.per_second:,.0f} | {share:.0%} |", flush=True)


def show_latency(engines: dict[str, Engine], broker: Broker, folder: Path, rate: float, seconds: float) -> None:
    print(f"\n{rate:g} articles a second, tick {_TICK_SECONDS:g} s; load average {os.getloadavg()[0]:.1f}\n")
    print("| engine | articles measured | p50 | p99 | p99 beside the tick |\n|---|---|---|---|---|")
    for name, engine in engines.items():
        found = latency_of(engine, broker, _folder(folder, f"latency of {name}"), rate, seconds)
        p50, p99 = np.percentile(found, [50, 99])
        print(f"| {name} | {len(found):,} | {p50:.2f} s | {p99:.2f} s | {p99 - _TICK_SECONDS:+.2f} s |", flush=True)


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name.replace(" ", "-")
    folder.mkdir()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=("throughput", "latency"))
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        broker, cluster = Broker(folder / "broker"), Cluster(folder / "cluster", task_managers=2, slots=1)
        broker.start()
        try:
            cluster.start()
            engines: dict[str, Engine] = {"embedded": partial(embedded, broker)} | {
                f"Flink {parallelism}": partial(flink, broker, cluster, parallelism) for parallelism in (1, 2)
            }
            if given.only != "latency":
                show_throughput(engines, broker, folder, given.articles)
            if given.only != "throughput":
                show_latency(engines, broker, folder, given.rate, given.seconds)
        finally:
            cluster.stop()
            broker.stop()


if __name__ == "__main__":
    main()
