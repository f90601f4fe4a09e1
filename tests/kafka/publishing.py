"""`wirewatch publish` with topics, configuration and memory of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of
from tests.running import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


class Publishing:
    """One deployment of `wirewatch publish`.

    Parameters
    ----------
    broker
        Where its topics are made.
    folder
        Holds its configuration, its memory and the articles.
    settings
        Settings of the topic of articles, as `Broker.create_topic` takes them.
    """

    def __init__(self, broker: Broker, folder: Path, *, partitions: int = 1, **settings: str) -> None:
        self.broker = broker
        self.folder = folder
        self.topic = new_topic(broker, "articles", partitions, **settings)
        self.dead_letters_topic = new_topic(broker, "dead-letters")
        self.config = folder / "publish.toml"
        self.configure()

    def configure(self, extra: str = "", *, servers: str = "") -> None:
        self.config.write_text(
            f'[input]\nkafka = "{servers or self.broker.servers}"\ntopic = "{self.topic}"\n'
            f'[output]\ndead_letters_topic = "{self.dead_letters_topic}"\n'
            f'[publish]\nstate = "{self.folder / "memory.db"}"\nsettle_seconds = 0.5\nrescan_seconds = 5\n{extra}'
        )

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "pipeline.main", "publish", *map(str, arguments), "--config", str(self.config)]

    def run(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Publish to the end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=ENVIRONMENT | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Publish in the background."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ids(self) -> list[str]:
        """Give the ids in the topic, as often as they are there."""
        return [record.key.decode() for record in records_of(self.broker, self.topic)]

    def articles(self) -> list[dict[str, Any]]:
        return [orjson.loads(record.value) for record in records_of(self.broker, self.topic)]

    def dead_letters(self) -> list[dict[str, str]]:
        """Give the headers and, as ``raw``, the beginning of the value of each dead letter."""
        return [
            {name: value.decode() for name, value in record.headers} | {"raw": record.value[:100].decode()}
            for record in records_of(self.broker, self.dead_letters_topic)
        ]

    def wait_for_ids(self, expected: set[str], seconds: float = 20) -> None:
        wait_for(lambda: expected <= set(self.ids()), seconds, f"not all of {sorted(expected)} came")


def line(number: int, text: str = "The harbour bridge was closed after the storm.") -> bytes:
    return orjson.dumps({"id": f"a{number}", "title": f"Bridge closed {number}", "text": text}) + b"\n"


def numbers(count: int) -> set[str]:
    return {f"a{number}" for number in range(count)}


def wait_for(is_so: Callable[[], bool], seconds: float, complaint: str) -> None:
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, complaint
        time.sleep(0.1)


def summed(output: str) -> dict[str, int]:
    """Read the numbers of the summary."""
    rows = [row.strip().split(maxsplit=1) for row in output.splitlines()]
    return {row[1].split(",")[0].split(":")[0]: int(row[0].replace(",", "")) for row in rows if len(row) == 2}


def peak_kilobytes(pid: int) -> int:
    """Read a process's own peak; what `wait4` tells counts that of the test's process before the exec in."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
