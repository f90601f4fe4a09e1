"""A large load through publishers, topic and `run`, or the Beam graph: the events of a replay of the same files."""

import lzma
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import orjson
import pytest

from tests.kafka.broker import Broker
from tests.kafka.publishing import ENVIRONMENT
from tests.kafka.running import Job
from tests.running import Wirewatch

_FIVE_SEEN_AT = "1987-03-17T06:00:00Z"
# Reuters is one outlet: by the default of two, next to nothing would emerge and be compared.
_ONE_OUTLET = "[detection.stories]\nemerge_outlets = 1\n"
_WHOLE = pytest.mark.soak


def reuters(shared: Path, count: int) -> list[bytes]:
    with lzma.open(shared / "data" / "reuters21578.jsonl.xz") as lines:
        return list(islice(lines, count))


def moments(lines: Sequence[bytes]) -> list[datetime]:
    return [datetime.fromisoformat(orjson.loads(line)["published_at"]) for line in lines]


def bound_of(lines: Sequence[bytes], num_publishers: int) -> float:
    """Give the least bound that surely covers the load, as the documentation tells to choose it.

    One publisher keeps the order of its file: the greatest step back in time. Of several nobody knows how far one
    gets ahead of the others: the whole span, from the first of Reuters to the five.
    """
    dates = moments(lines)
    if num_publishers > 1:
        return (datetime.fromisoformat(_FIVE_SEEN_AT).replace(tzinfo=None) - min(dates)).total_seconds()
    newest, bound = dates[0], 0.0
    for date in dates:
        newest = max(newest, date)
        bound = max(bound, (newest - date).total_seconds())
    return bound


class Publishers:
    """Publishers of one job's topic, each with a memory of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def start(self, name: str, *sources: object) -> "subprocess.Popen[str]":
        config = self._job.folder / f"{name}.toml"
        written = (self._job.folder / "config.toml").read_text()
        config.write_text(f'{written}[publish]\nstate = "{name}.db"\n')
        given = ["publish", *map(str, sources), "--archive", "--seen-at", _FIVE_SEEN_AT, "--config", str(config)]
        command = [sys.executable, "-m", "pipeline.main", *given]
        return subprocess.Popen(
            command, cwd=self._job.folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def finish(self, *processes: "subprocess.Popen[str]") -> None:
        for process in processes:
            _, err = process.communicate(timeout=300)
            assert process.returncode == 0, err


@pytest.mark.parametrize(
    ("num_partitions", "num_publishers", "count", "num_stories"),
    [
        pytest.param(4, 3, 600, 12, id="part-4-3"),
        *(
            pytest.param(partitions, publishers, 5_000, 190, id=f"whole-{partitions}-{publishers}", marks=_WHOLE)
            for partitions in (1, 4)
            for publishers in (1, 3)
        ),
    ],
)
def test_run_and_the_beam_graph_tell_what_a_replay_of_the_files_tells(
    broker: Broker,
    wirewatch: Wirewatch,
    shared: Path,
    tmp_path: Path,
    num_partitions: int,
    num_publishers: int,
    count: int,
    num_stories: int,
) -> None:
    lines = reuters(shared, count)
    parts = [tmp_path / f"part-{number}.jsonl" for number in range(num_publishers)]
    for number, part in enumerate(parts):
        part.write_bytes(b"".join(lines[number::num_publishers]))
    bound = bound_of(lines, num_publishers)
    job = Job(
        broker,
        tmp_path,
        partitions=num_partitions,
        live=f"archive = true\nmax_out_of_orderness_seconds = {bound}",
        more=_ONE_OUTLET,
    )
    publishers = Publishers(job)
    publishers.finish(*(publishers.start(part.stem, part) for part in parts))
    publishers.finish(publishers.start("five", shared / "articles"))
    config = ("--config", "config.toml")
    replayed = wirewatch(
        "replay", *parts, shared / "articles", "--seen-at", _FIVE_SEEN_AT, "--events", "files.jsonl", *config
    )
    assert replayed.returncode == 0, replayed.stderr
    expected = (tmp_path / "files.jsonl").read_bytes()
    assert expected.count(b"story.emerged") >= num_stories

    ran = job.run("--until-idle", 2)
    graph = wirewatch("replay", f"kafka:{job.articles}", "--events", "topic.jsonl", *config)

    assert ran.stdout.startswith(f"{count + 5} articles (0 late), 0 dead letters, "), ran.stdout + ran.stderr
    assert sorted(job.told()) == sorted(expected.splitlines())
    assert graph.returncode == 0, graph.stderr
    assert (tmp_path / "topic.jsonl").read_bytes() == expected
