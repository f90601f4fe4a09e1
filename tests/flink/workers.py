"""Worker pools other than the cluster's own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.flink.cluster import listens
from tests.kafka.broker import free_ports
from tests.running import ROOT


def lasting_workers() -> AbstractContextManager[str]:
    """Run workers that outlive what they worked for; gives their address."""
    return _running(ROOT, "tests.flink.lasting_workers")


def workers_of(build: Path) -> AbstractContextManager[str]:
    """Run workers of another build; gives their address."""
    return _running(build, "pipeline.main", "workers", "--port")


@contextmanager
def _running(build: Path, *command: str) -> Iterator[str]:
    """Run a pool, whose port comes last in its command."""
    port = free_ports(1)
    pool = subprocess.Popen([sys.executable, "-m", *command, str(port)], cwd=build)
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
