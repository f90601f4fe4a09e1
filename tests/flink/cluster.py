"""A real Flink cluster for tests, through the script that people use."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.kafka.broker import free_ports
from tests.running import ROOT

SCRIPT = ROOT / "deploy" / "local" / "flink"
_NUM_PORTS = 6


class Cluster:
    """One cluster of `deploy/local/flink`, whose folder outlives its processes.

    Parameters
    ----------
    data
        Its folder; empty or not there yet.
    task_managers
        How many of them.
    slots
        Task slots of each.
    """

    def __init__(self, data: Path, *, task_managers: int = 1, slots: int = 4) -> None:
        self.data = data
        self._managers = task_managers
        self._slots = slots
        self._port = free_ports(_NUM_PORTS)
        self.rest = f"127.0.0.1:{self._port}"
        self.job_server = f"127.0.0.1:{self._port + 3}"
        self.workers = f"127.0.0.1:{self._port + 5}"

    def start(self) -> None:
        """Start what does not run; returns when jobs can be started."""
        sizes = ("--task-managers", str(self._managers), "--slots", str(self._slots))
        guardian = ("--while", str(os.getpid()))
        self._run("start", "--port", str(self._port), "--python", sys.executable, *sizes, *guardian)

    def stop(self) -> None:
        self._run("stop")

    def kill_all(self) -> None:
        self._run("kill")

    def status(self) -> str:
        return self._run("status")

    def pid(self, name: str) -> int:
        """Give the process id of ``jobmanager``, ``taskmanager-1``, ``jobserver`` or ``workers``."""
        return int((self.data / f"{name}.pid").read_text().split()[0])

    def kill(self, name: str) -> None:
        """End one process with SIGKILL."""
        os.kill(self.pid(name), signal.SIGKILL)

    def worker_pids(self) -> list[int]:
        """Give the Python workers that the pool has started."""
        listed = subprocess.run(
            ["ps", "--ppid", str(self.pid("workers")), "-o", "pid="], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in listed.stdout.split()]

    def log(self, name: str) -> str:
        return (self.data / f"{name}.log").read_text("utf-8", "replace")

    def _run(self, command: str, *arguments: str) -> str:
        line = [str(SCRIPT), command, "--data", str(self.data), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False, env=environment
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(line)} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def what_is_missing() -> str:
    """Name what a cluster needs and this machine lacks; empty when nothing."""
    programs = {"java": "Java 17", "curl": "curl", "mvn": "Maven"}
    if (ROOT / "deploy" / "local" / "lib-flink" / "pom.xml").exists():
        del programs["mvn"]
    return " and ".join(name for program, name in programs.items() if shutil.which(program) is None)


def listens(port: int) -> bool:
    """Say whether someone listens at a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def gone(pid: int, seconds: float = 30) -> bool:
    """Wait until a process is gone."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False
