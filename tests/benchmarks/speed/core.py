"""The product's sides: stages, the whole core, and the hosts."""

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.files import find_files, read_file
from connectors.parsing import parse
from pipeline.config import Config, InputConfig, RunConfig
from pipeline.detection.sketch import Sketch, forget_words, sketch_article
from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.inputs import Item
from pipeline.hosts.embedded.state import open_state
from pipeline.hosts.in_memory import detect_stories
from pipeline.hosts.replay import Outputs, Replay, run_replay
from pipeline.records import Article, RawArticle
from pipeline.sources.files import ReadArticleFiles
from tests.benchmarks.sampling import PLAUSIBLE
from tests.benchmarks.speed.measuring import Side

SEEN_AT = datetime(2026, 1, 1, tzinfo=UTC)
_CONFIG = Config(input=InputConfig(archive=True, max_out_of_orderness_seconds=1e9))
_BATCH = 500
_parse = partial(parse, plausible=PLAUSIBLE)


def raw_articles(lines: Sequence[bytes]) -> list[RawArticle]:
    return [RawArticle(f"mix:{place}", line, "json", SEEN_AT) for place, line in enumerate(lines)]


def parsed(raws: Sequence[RawArticle]) -> list[Article]:
    return [_parse(raw).article for raw in raws]


def stages(raws: Sequence[RawArticle]) -> list[Side]:
    """Parse, sketch and detect, each by itself and all together: from bytes to the lines of a file of events.

    Each begins as a new process does, which knows no word yet; where its name says that words are known, they are, as
    in one that has run for long.
    """
    articles = parsed(raws)
    sketches = _sketched(articles)
    size = len(raws)
    return [
        Side("parse", lambda: parsed(raws), size),
        Side("sketch", lambda: _sketched(articles), size),
        Side("sketch, words known", lambda: _sketched(articles, knows_words=True), size),
        Side("detect", lambda: _detected(sketches), size),
        Side("core", lambda: _core(raws), size),
        Side("core, words known", lambda: _core(raws, knows_words=True), size),
    ]


def hosts(lines: Sequence[bytes]) -> list[Side]:
    """The same from bytes to lines in the two hosts, with their state, and with their files."""
    return [
        Side("embedded host", lambda: _embedded(lines), len(lines)),
        Side("Beam graph", lambda: _on_beam(lines), len(lines)),
    ]


def _sketched(articles: Sequence[Article], *, knows_words: bool = False) -> list[Sketch]:
    if not knows_words:
        forget_words()
    return [sketch_article(article, _CONFIG.detection) for article in articles]


def _detected(sketches: Sequence[Sketch]) -> list[bytes]:
    events, _ = detect_stories(sketches, _CONFIG.detection)
    return [event.to_json(_CONFIG.output.source) for event in events]


def _core(raws: Sequence[RawArticle], *, knows_words: bool = False) -> list[bytes]:
    if not knows_words:
        forget_words()
    # One by one: no article is kept.
    return _detected([sketch_article(_parse(raw).article, _CONFIG.detection) for raw in raws])


def _embedded(lines: Sequence[bytes]) -> None:
    raws = raw_articles(lines)
    forget_words()
    with TemporaryDirectory() as folder:
        config = Config(input=_CONFIG.input, run=RunConfig(state=os.path.join(folder, "state.db")))
        with open_state(config.run.state, config.detection) as state:
            engine = Engine(state, config, _parse, time.time)
            for start in range(0, len(raws), _BATCH):
                batch = enumerate(raws[start : start + _BATCH], start + 1)
                engine.take([Item("mix", place, "", "mix", raw) for place, raw in batch], ["mix"], {})
            while engine.has_waiting:
                engine.decide_waiting()


def _on_beam(lines: Sequence[bytes]) -> None:
    forget_words()
    with TemporaryDirectory() as folder:
        source = Path(folder, "mix.jsonl")
        source.write_bytes(b"\n".join(lines))
        files = find_files([str(source)]).files
        outputs = Outputs(str(Path(folder, "events.jsonl")))
        read = ReadArticleFiles(files, partial(read_file, seen_at=SEEN_AT))
        run_replay(Replay(read, _parse, _CONFIG, outputs))
