"""Worker pools other than the cluster's own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.flink.cluster import listens
from tests.kafka.broker import free_ports
from tests.running import ROOT


@contextmanager
def lasting_workers() -> Iterator[str]:
    """Run workers that outlive what they worked for; gives their address."""
    port = free_ports(1)
    with _running("tests.flink.lasting_workers", str(port), port=port, build=ROOT) as address:
        yield address


@contextmanager
def workers_of(build: Path) -> Iterator[str]:
    """Run workers of another build; gives their address."""
    port = free_ports(1)
    with _running("pipeline.main", "workers", "--port", str(port), port=port, build=build) as address:
        yield address


@contextmanager
def _running(*command: str, port: int, build: Path) -> Iterator[str]:
    pool = subprocess.Popen([sys.executable, "-m", *command], cwd=build)
    try:
        until = time.monotonic() + 60
        while not listens(port):
            assert pool.poll() is None, "the workers have ended"
            assert time.monotonic() < until, "the workers do not listen"
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
        assert pool.poll() is None
    finally:
        pool.kill()
        pool.wait()
