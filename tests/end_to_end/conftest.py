"""Replays in this process: the Beam graph on a named runner, and the plain detector."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.files import find_files, read_file
from connectors.parsing import parse
from pipeline.config import Config
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.hosts.replay import Outputs, Replay, run_replay
from pipeline.records import RawArticle
from pipeline.sinks.jsonl import write_sorted
from pipeline.sources.files import ReadArticleFiles

PLAUSIBLE = (datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))
SEEN_AT = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def replay_on_beam(tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Replay sources through the Beam graph; gives the bytes of the three files."""

    def run(
        *sources: Path, runner: Any = None, config: Config | None = None, close_all: bool = True
    ) -> dict[str, bytes]:
        files = {name: str(tmp_path / f"beam-{name}.jsonl") for name in ("events", "assignments", "dead_letters")}
        paths = find_files([str(source) for source in sources]).files
        graph = Replay(
            ReadArticleFiles(paths, partial(read_file, seen_at=SEEN_AT)),
            partial(parse, plausible=PLAUSIBLE),
            config or Config(),
            Outputs(**files),
            close_all=close_all,
        )
        run_replay(graph, runner=runner)
        return {name: Path(path).read_bytes() for name, path in files.items()}

    return run


@pytest.fixture
def replay_in_memory(tmp_path: Path) -> Callable[..., bytes]:
    """Replay sources through the plain detector; gives the bytes of the events file."""

    def run(*sources: Path, config: Config | None = None, close_all: bool = True) -> bytes:
        config = config or Config()
        raws = [
            raw
            for path in find_files([str(source) for source in sources]).files
            for raw in read_file(path, seen_at=SEEN_AT)
            if isinstance(raw, RawArticle)
        ]
        sketches = [sketch_article(parse(raw, plausible=PLAUSIBLE).article, config.detection) for raw in raws]
        events, _ = detect_stories(sketches, config.detection, close_all=close_all)
        path = tmp_path / "oracle.jsonl"
        write_sorted([(event.order, event.to_json(config.output.source)) for event in events], path)
        return path.read_bytes()

    return run
