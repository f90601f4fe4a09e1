"""`wirewatch deliver` in processes of its own, which may be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.delivery.making import SECRET
from tests.running import ROOT


class Delivering:
    """One deployment: configuration and state of its own.

    Parameters
    ----------
    folder
        Holds its configuration and its state.
    output
        The table `[output]`, where events lie.
    more
        Further tables.
    """

    def __init__(self, folder: Path, output: str, more: str) -> None:
        self.folder = folder
        (folder / "deliver.toml").write_text(f"[output]\n{output}\n{more}\n", "utf-8")

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pipeline.main", "deliver", "--config", "deliver.toml", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "WIREWATCH_DESK_SECRET": SECRET, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def webhook(url: str, more: str = 'start = "beginning"', *, name: str = "desk") -> str:
    """Write the table of a destination."""
    return (
        f'[[deliver.destinations]]\nkind = "webhook"\nname = "{name}"\nurl = "{url}"\nallow_private = true\n'
        f"timeout_seconds = 2.0\n{more}\n"
    )


def wait_until(is_so: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"not so after {seconds} s"
        time.sleep(0.02)
