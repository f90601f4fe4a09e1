"""`wirewatch run` from a folder to a file, in a process of its own that may be killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.hosts.making import write_config
from tests.running import ROOT, Wirewatch, read_jsonl

Start = Callable[..., subprocess.Popen[str]]
ARCHIVE = '[input]\nfolder = "in"\narchive = true\n[output]\njsonl = "events.jsonl"\n'
LIVE = """
[input]
folder = "in"
partition_idle_seconds = 0.5
max_out_of_orderness_seconds = 0
[output]
jsonl = "events.jsonl"
"""
TICK = "[detection.time]\ntick_seconds = 0.5\n"


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def begin(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pipeline.main", "run", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return begin


@pytest.fixture
def newswire(tmp_path: Path, samples: Path) -> list[bytes]:
    (tmp_path / "in").mkdir()
    return (samples / "newswire.jsonl").read_bytes().splitlines(keepends=True)


def put(path: Path, data: bytes) -> None:
    """Put a file there as if it had been there for long."""
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(data)
    os.utime(temporary, (1e9, 1e9))
    temporary.rename(path)


def replayed(wirewatch: Wirewatch, folder: Path) -> tuple[bytes, list[dict[str, object]]]:
    done = wirewatch("replay", "in", "--events", "replayed.jsonl", "--dead-letters", "replayed-dead.jsonl")
    assert done.returncode == 0, done.stderr
    return (folder / "replayed.jsonl").read_bytes(), read_jsonl(folder / "replayed-dead.jsonl")


def test_an_archive_gives_the_file_that_a_replay_gives(
    tmp_path: Path, newswire: list[bytes], wirewatch: Wirewatch
) -> None:
    put(tmp_path / "in" / "b.jsonl", b"".join(newswire[::2]) + b"garbage\n")
    put(tmp_path / "in" / "a.jsonl", b"".join(newswire[1::2]))
    put(tmp_path / "in" / "empty.txt", b"")
    done = wirewatch("run", "--config", write_config(tmp_path, ARCHIVE), "--until-idle", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "126 articles (0 late), 2 dead letters, 27 story events\n"
    events, letters = replayed(wirewatch, tmp_path)
    assert (tmp_path / "events.jsonl").read_bytes() == events
    told = read_jsonl(tmp_path / "dead-letters.jsonl")
    assert sorted(told, key=orjson.dumps) == sorted(letters, key=orjson.dumps)
    again = wirewatch("run", "--config", tmp_path / "config.toml", "--until-idle", 1)
    assert again.stdout == "0 articles (0 late), 0 dead letters, 0 story events\n"
    assert (tmp_path / "events.jsonl").read_bytes() == events


def killed_at_random(start: Start, wirewatch: Wirewatch, folder: Path, seed: int, num_kills: int) -> None:
    """Load 20 files while the run is killed again and again, then compare with a replay."""
    chance = random.Random(seed)
    for number in range(num_kills):
        process = start("--config", folder / "config.toml", "--until-idle", 1)
        # Imports take about half a second; a whole run about two.
        time.sleep(0.4 + 1.4 * chance.random())
        process.kill()
        process.communicate()
        if number % 5 == 4 and (folder / "events.jsonl").exists():
            # What a flush without its last step leaves behind, at worst.
            with (folder / "events.jsonl").open("ab") as file:
                file.write(b'{"specversion": "1.0", "id": "torn')
    done = wirewatch("run", "--config", folder / "config.toml", "--until-idle", 1)
    assert done.returncode == 0, (seed, done.stderr)
    events, _ = replayed(wirewatch, folder)
    assert (folder / "events.jsonl").read_bytes() == events, f"seed {seed}"


@pytest.mark.parametrize("num_kills", [2, pytest.param(50, marks=pytest.mark.soak)], ids=["a few kills", "many kills"])
def test_killed_at_random_moments_it_loses_and_doubles_nothing(
    tmp_path: Path, newswire: list[bytes], start: Start, wirewatch: Wirewatch, num_kills: int
) -> None:
    seed = int(os.environ.get("WIREWATCH_SEED", random.SystemRandom().randrange(10**6)))
    print(f"WIREWATCH_SEED={seed}")
    for place in range(20):
        put(tmp_path / "in" / f"{place:02}.jsonl", b"".join(newswire[place::20]))
    write_config(tmp_path, ARCHIVE)
    killed_at_random(start, wirewatch, tmp_path, seed, num_kills)


def lines_of(path: Path, least: int, seconds: float = 20) -> list[bytes]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = path.read_bytes().splitlines() if path.exists() else []
        if len(found) >= least:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{path.name} has {len(found)} lines after {seconds} s, not {least}")


def test_live_it_tells_what_lies_there_what_appears_and_what_grows_and_stops_on_sigterm(
    tmp_path: Path, newswire: list[bytes], start: Start
) -> None:
    ferry = [line for line in newswire if b"ferry-grey-heron" in line]
    put(tmp_path / "in" / "a.jsonl", ferry[0])
    process = start("--config", write_config(tmp_path, LIVE + TICK))
    put(tmp_path / "in" / "b.jsonl", ferry[1])
    put(tmp_path / "in" / "c.jsonl", ferry[2] + ferry[3] + ferry[4])
    assert b"story.emerged" in lines_of(tmp_path / "events.jsonl", 1)[0]
    with (tmp_path / "in" / "c.jsonl").open("ab") as file:
        file.write(ferry[5] + ferry[6] + ferry[7] + ferry[8])
    grew = lines_of(tmp_path / "events.jsonl", 2)[1]
    assert b"story.grew" in grew
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - begun < 5
    assert (process.returncode, err) == (0, "")
    assert out.startswith("9 articles (0 late), 0 dead letters,")


def test_a_file_that_is_shorter_than_the_state_knows_is_refused(
    tmp_path: Path, newswire: list[bytes], wirewatch: Wirewatch
) -> None:
    put(tmp_path / "in" / "a.jsonl", b"".join(newswire))
    config = write_config(tmp_path, ARCHIVE)
    wirewatch("run", "--config", config, "--until-idle", 0.5)
    length = (tmp_path / "events.jsonl").stat().st_size
    (tmp_path / "events.jsonl").write_bytes(b"")
    done = wirewatch("run", "--config", config, "--until-idle", 0.5)
    assert done.returncode == 1
    assert f"has 0 bytes, but {length} were written to it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, newswire: list[bytes], wirewatch: Wirewatch) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"mine\n")
    done = wirewatch("run", "--config", write_config(tmp_path, ARCHIVE), "--until-idle", 0.5)
    assert done.returncode == 1
    assert "that this state did not write" in done.stderr
    assert (tmp_path / "events.jsonl").read_bytes() == b"mine\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[output]\njsonl = "e"\n', "[input] has neither of 'kafka' and 'folder'"),
        ('[input]\nfolder = "in"\nkafka = "a:1"\n[output]\njsonl = "e"\n', "[input] has both of 'kafka' and 'folder'"),
        ('[input]\nfolder = "in"\n', "[output] has neither of 'kafka' and 'jsonl'"),
        (ARCHIVE, "needs --until-idle SECONDS"),
    ],
)
def test_a_configuration_that_cannot_run_is_wrong_usage(
    tmp_path: Path, wirewatch: Wirewatch, text: str, problem: str
) -> None:
    done = wirewatch("run", "--config", write_config(tmp_path, text))
    assert done.returncode == 2
    assert problem in " ".join(done.stderr.split())
