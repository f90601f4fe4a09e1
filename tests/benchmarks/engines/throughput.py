"""How many articles a second each engine decides, and how long it takes to start.

The first articles of Reuters with the five of `../shared/articles`, in archive mode. The first 300 are sent as an
engine starts: until their first event can be read is its start. The others are sent when it is quiet again: from then
until the last event can be read is its time. The Beam graph on FnApiRunner ends with its input: it reads ranges of the
topic, of 300 articles (its start) and of all, and the difference is its time. The core is the detector in memory, with
parsing and sketching; its first 300 load the model of languages. Every engine must tell the events of the core, by
their ids.
"""

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from connectors.parsing import parse
from pipeline.config import config_from
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article, RawArticle
from tests.benchmarks.documenting import heading, row
from tests.benchmarks.engines.running import NO_BOUND, NUM_FIRST, PARTITIONS, START_SECONDS, Engine, folder_for
from tests.benchmarks.live import Ear
from tests.benchmarks.sampling import PLAUSIBLE
from tests.flink.jobs import ONE_OUTLET, reuters_with_five
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, send_end
from tests.kafka.running import publish
from tests.running import ROOT, read_jsonl

_TOLD_SECONDS = 600.0
"""How long an engine may take for all articles."""


class Speed(NamedTuple):
    start_seconds: float
    per_second: float


class Load(NamedTuple):
    """Articles, and the ids of the events that they give."""

    articles: Sequence[Article]
    expected: Set[str]


def throughput_table(engines: dict[str, Engine], broker: Broker, folder: Path, num_articles: int) -> Iterator[str]:
    """Give the lines of the table as they are measured."""
    articles = reuters_with_five(ROOT.parent / "shared", num_articles)
    core, expected = _speed_of_core(articles)
    load = Load(articles, expected)
    yield f"{len(articles):,} articles, {len(expected):,} events, the same from each."
    yield ""
    yield heading("engine", "seconds to start", "articles a second", "of the core")
    yield _row("core, in memory", core, core)
    for name, engine in engines.items():
        yield _row(name, _speed_of(engine, broker, folder_for(folder, f"speed of {name}"), load), core)
    yield _row("Beam graph on FnApiRunner", _speed_of_graph(broker, folder_for(folder, "graph"), load), core)


def _row(engine: str, speed: Speed, core: Speed) -> str:
    share = speed.per_second / core.per_second
    return row(engine, f"{speed.start_seconds:.1f}", f"{speed.per_second:,.0f}", f"{share:.0%}")


def _speed_of_core(articles: Sequence[Article]) -> tuple[Speed, set[str]]:
    """Measure the core; gives the ids of its events too."""
    raws = [RawArticle(article.id, article.to_json(), "json", article.observed_at) for article in articles]
    begun = time.perf_counter()
    _told_by_core(raws[:NUM_FIRST])
    started = time.perf_counter()
    told = _told_by_core(raws)
    return Speed(started - begun, len(raws) / (time.perf_counter() - started)), told


def _told_by_core(raws: Sequence[RawArticle]) -> set[str]:
    config = config_from(tomllib.loads(ONE_OUTLET), place="the benchmark").detection
    sketches = (sketch_article(parse(raw, plausible=PLAUSIBLE).article, config) for raw in raws)
    events, _ = detect_stories(sketches, config)
    return {event.id for event in events}


def _speed_of(engine: Engine, broker: Broker, folder: Path, load: Load) -> Speed:
    """Measure an endless engine."""
    first, others = load.articles[:NUM_FIRST], load.articles[NUM_FIRST:]
    begun = time.time()
    with engine(folder, f"archive = true\n{NO_BOUND}", ONE_OUTLET, first) as topics, Ear(broker, topics.events) as ear:
        ear.await_num(1, START_SECONDS)
        ear.await_quiet(5)
        sent = time.time()
        publish(broker, topics.articles, others)
        send_end(broker, topics.articles, PARTITIONS, load.articles)
        ear.await_num(len(load.expected), _TOLD_SECONDS)
        ear.await_quiet(2)
    heard = ear.heard()
    _check(heard.keys(), load.expected)
    moments = [each.at for each in heard.values()]
    return Speed(min(moments) - begun, len(others) / (max(moments) - sent))


def _speed_of_graph(broker: Broker, folder: Path, load: Load) -> Speed:
    """Measure the Beam graph on FnApiRunner, which ends where the topic does."""
    topic = new_topic(broker, "articles", PARTITIONS)
    publish(broker, topic, load.articles)
    (folder / "config.toml").write_text(ONE_OUTLET)
    command = [sys.executable, "-m", "pipeline.main", "replay", f"kafka:{topic}", "--brokers", broker.servers]
    command += ["--config", "config.toml", "--events", "events.jsonl"]
    start = _seconds_of([*command, "--to", str(NUM_FIRST // PARTITIONS)], folder)
    whole = _seconds_of(command, folder)
    _check({event["id"] for event in read_jsonl(folder / "events.jsonl")}, load.expected)
    return Speed(start, (len(load.articles) - NUM_FIRST) / (whole - start))


def _seconds_of(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return time.perf_counter() - begun


def _check(told: Set[str], expected: Set[str]) -> None:
    """Stop unless these are the events of the core: an engine that tells something else is no measurement."""
    if told != expected:
        raise AssertionError(f"{len(told)} events are told, and {len(told ^ expected)} ids are not those of the core")
