"""`wirewatch serve` as people run it: a process of its own, on a store that the test writes to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import urllib3

from pipeline.store import Store
from tests.running import ROOT


@dataclass
class Served:
    """A running server and the store that it shows."""

    address: str
    """Without the slash at its end."""
    process: subprocess.Popen[str]
    store: Store
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=30))

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        """Ask for a path; redirections are not followed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request("GET", self.address + path, headers=named)

    def get_json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status == 200, answer.data
        return orjson.loads(answer.data)


@contextmanager
def served(folder: Path, url: str, *lines: str, **environment: str) -> Iterator[Served]:
    """Run the server until the test ends.

    Parameters
    ----------
    folder
        Where its configuration is written.
    url
        The store.
    lines
        More TOML for the section ``[serve]``, and sections after it.
    environment
        More variables of its environment.
    """
    config = folder / "serve.toml"
    section = [] if any(line.startswith("port") for line in lines) else ["port = 0"]
    config.write_text("\n".join([f'[store]\nurl = "{url}"', "[serve]\npoll_seconds = 0.1", *section, *lines]))
    command = [sys.executable, "-m", "pipeline.main", "serve", "--config", str(config)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told.startswith("serving at "), told
        with Store.open(url) as store:
            yield Served(told.removeprefix("serving at ").strip().rstrip("/"), process, store)
    finally:
        process.terminate()
        process.communicate(timeout=30)
