"""What tests that run the product have in common."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]

Wirewatch = Callable[..., CompletedProcess[str]]
"""Runs `wirewatch` with arguments, in the test's folder."""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
