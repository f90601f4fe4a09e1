"""How long several ways of doing the same take, in turn, and on what machine."""

import gc
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

from pipeline.main import settle_memory
from tests.running import ROOT

_PACKAGES = ("apache-beam", "datasketch", "msgspec", "numpy", "orjson", "regex", "rensa", "river", "scikit-learn")


class Side(NamedTuple):
    """One way of doing it."""

    name: str
    run: Callable[[], object]
    num_items: int
    """Articles or token sets that `run` works on: times are compared for each of them."""


class Wanted(NamedTuple):
    """A ratio of two times that the project has set itself."""

    side: str
    yardstick: str
    most: float


def cpu_seconds() -> float:
    """CPU time of this process and of those it waited for: what others do on the machine disturbs it least."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(sides: Sequence[Side], rounds: int) -> dict[str, float]:
    """Run all sides in turn, `rounds` times; gives the least CPU seconds an item of each."""
    best: dict[str, float] = {}
    # For all sides as for the commands.
    settle_memory()
    for _ in range(rounds):
        for side in sides:
            # What others left behind is not looked through at the cost of this one.
            gc.collect()
            gc.freeze()
            start = cpu_seconds()
            side.run()
            taken = (cpu_seconds() - start) / side.num_items
            best[side.name] = min(best.get(side.name, taken), taken)
    return best


def machine() -> dict[str, Any]:
    """Name the machine, the versions and the commit, so that figures can be compared later."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": commit.stdout.strip(),
        "load": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
