"""Engines on state files, for tests of the embedded host."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from connectors.files import read_file
from connectors.parsing import parse
from pipeline.config import Config, InputConfig
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.inputs import Item
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.state import State
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import RawArticle
from pipeline.sinks.cloudevents import structured
from tests.running import ROOT

PLAUSIBLE = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
NOW = 1.9e9
"""The clock of these tests, seconds since 1970."""
ARCHIVE = Config(input=InputConfig(archive=True, max_out_of_orderness_seconds=1e6))
PARTITION = "articles:0"

parse_archive = partial(parse, plausible=PLAUSIBLE)


def newswire() -> list[RawArticle]:
    """Give the sample newswire in the order of its dates, so that ticks become due as it is read."""
    raws = [raw for raw in read_file(str(ROOT / "samples" / "newswire.jsonl")) if isinstance(raw, RawArticle)]
    return sorted(raws, key=lambda raw: parse_archive(raw).article.observed_at)


def items(raws: Iterable[RawArticle], first: int = 0) -> list[Item]:
    return [Item(PARTITION, place + 1, "", PARTITION, raw) for place, raw in enumerate(raws, first)]


def engine(state: State, config: Config = ARCHIVE, clock: Callable[[], float] = lambda: NOW) -> Engine:
    return Engine(state, config, parse_archive, clock)


def drain(host: Engine) -> None:
    while host.has_due:
        host.decide()
    while host.has_waiting:
        host.decide_waiting()


def outbox_lines(state: State) -> list[bytes]:
    """Give the events of the outbox as the lines of a file."""
    rows = Outbox(state).after(0, 1_000_000)
    return [structured(row.headers, row.value) for row in rows if row.kind == "event"]


def expected_lines(raws: Iterable[RawArticle], config: Config = ARCHIVE) -> list[bytes]:
    """Give what the plain detector tells of these articles."""
    sketches = [sketch_article(parse_archive(raw).article, config.detection) for raw in raws]
    events, _ = detect_stories(sketches, config.detection)
    return [event.to_json(config.output.source) for event in events]


def short_delay(config: Config = ARCHIVE) -> Config:
    """Let ticks become due while articles are still read."""
    given = msgspec.structs.replace(config.input, max_out_of_orderness_seconds=0.0)
    return msgspec.structs.replace(config, input=given)


def with_rules(config: Config, **rules: Any) -> Config:
    """Give the configuration with other rules of emergence."""
    stories = msgspec.structs.replace(config.detection.stories, **rules)
    return msgspec.structs.replace(config, detection=msgspec.structs.replace(config.detection, stories=stories))


def write_config(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path
