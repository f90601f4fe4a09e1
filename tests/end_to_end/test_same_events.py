"""The Beam graph and the plain detector tell the same events, to the byte."""

import lzma
import random
import uuid
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from pipeline.config import Config, DetectionConfig, TimeConfig
from pipeline.detection.detector import Detector
from pipeline.detection.journal import Journal
from pipeline.transforms import detect

Replays = Callable[..., dict[str, bytes]]
Oracle = Callable[..., bytes]


def _dealt(lines: list[bytes], folder: Path, seed: int, num_files: int = 4) -> list[Path]:
    """Shuffle lines into several files, named in another order than they are read."""
    chance = random.Random(seed)
    chance.shuffle(lines)
    paths = [folder / f"{seed}-{place}.jsonl" for place in range(num_files)]
    for place, path in enumerate(paths):
        path.write_bytes(b"\n".join(lines[place::num_files]) + b"\n")
    chance.shuffle(paths)
    return paths


def test_the_sample_gives_the_detectors_events_on_beam(
    samples: Path, replay_on_beam: Replays, replay_in_memory: Oracle
) -> None:
    newswire = samples / "newswire.jsonl"
    events = replay_on_beam(newswire)["events"]
    assert events.count(b"story.emerged") >= 10
    assert events == replay_in_memory(newswire)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_and_lines_changes_no_event(
    samples: Path, tmp_path: Path, replay_on_beam: Replays, replay_in_memory: Oracle, seed: int
) -> None:
    newswire = samples / "newswire.jsonl"
    dealt = _dealt(newswire.read_bytes().splitlines(), tmp_path, seed)
    assert replay_on_beam(*dealt)["events"] == replay_in_memory(newswire)


def test_bundles_that_run_twice_from_restored_state_change_no_event(
    samples: Path, replay_on_beam: Replays, replay_in_memory: Oracle
) -> None:
    newswire = samples / "newswire.jsonl"
    assert replay_on_beam(newswire, runner=FnApiRunner(bundle_repeat=2))["events"] == replay_in_memory(newswire)


def test_many_generations_change_no_event(samples: Path, replay_on_beam: Replays, replay_in_memory: Oracle) -> None:
    newswire = samples / "newswire.jsonl"
    config = Config(detection=DetectionConfig(time=TimeConfig(tick_seconds=60, horizon_hours=6), max_admissions=40))
    told = replay_on_beam(newswire, runner=FnApiRunner(bundle_repeat=2), config=config)["events"]
    assert told.count(b"story.closed") >= 3
    assert told == replay_in_memory(newswire, config=config)


@pytest.mark.parametrize(
    ("owner", "step", "calls_before_it_fails"),
    [
        *[(Journal, "_save", calls) for calls in (0, 1, 60)],
        # The input has ended, and what waited is being decided.
        *[(Detector, "decide", calls) for calls in (0, 1, 20)],
    ],
)
def test_an_exception_leaves_no_trace_in_memory(
    samples: Path,
    replay_on_beam: Replays,
    replay_in_memory: Oracle,
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    step: str,
    calls_before_it_fails: int,
) -> None:
    # Both runs share the worker's memory, as a bundle and its retry do: the second starts from state that knows
    # nothing of the first, and must not believe what the first left behind.
    monkeypatch.setattr(detect.uuid, "uuid4", lambda: uuid.UUID(int=1))
    calls = count()
    unharmed = getattr(owner, step)

    def fail_once(*args: Any) -> Any:
        if next(calls) == calls_before_it_fails:
            raise OSError("the state backend went away")
        return unharmed(*args)

    monkeypatch.setattr(owner, step, fail_once)
    newswire = samples / "newswire.jsonl"
    with pytest.raises(Exception, match="state backend went away"):
        replay_on_beam(newswire)
    assert replay_on_beam(newswire)["events"] == replay_in_memory(newswire)


def test_nothing_is_left_in_the_workers_memory(samples: Path, replay_on_beam: Replays) -> None:
    replay_on_beam(samples / "newswire.jsonl")
    assert not detect._JOURNALS


def test_ecbplus_gives_the_detectors_events_on_beam_in_any_order(
    shared: Path, tmp_path: Path, replay_on_beam: Replays, replay_in_memory: Oracle
) -> None:
    with lzma.open(shared / "data" / "ecbplus.jsonl.xz") as file:
        lines = [line.rstrip() for line in islice(file, 982)]
    expected = replay_in_memory(shared / "data" / "ecbplus.jsonl.xz")
    assert replay_on_beam(*_dealt(lines, tmp_path, seed=7))["events"] == expected
    twice = replay_on_beam(*_dealt(lines, tmp_path, seed=8), runner=FnApiRunner(bundle_repeat=2))
    assert twice["events"] == expected
