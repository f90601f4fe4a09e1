"""What tests that run the product have in common."""

import socket
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from subprocess import CompletedProcess
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]

Wirewatch = Callable[..., CompletedProcess[str]]
"""Runs `wirewatch` with arguments, in the test's folder."""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def free_ports(count: int) -> int:
    """Find ports in a row that nobody listens on, below those that outgoing connections are given."""
    for _ in range(100):
        first = SystemRandom().randrange(15_000, 32_000)
        if all(_is_free(first + number) for number in range(count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row between 15000 and 32000 in 100 tries")


def _is_free(port: int) -> bool:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
