"""How long it takes until a command line has begun to work."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.speed.measuring import Side
from tests.running import ROOT


def starts(articles: Path) -> list[Side]:
    """Start Python with Beam, the help, and a replay of a handful of articles."""
    return [
        Side("import apache_beam", lambda: _run("-c", "import apache_beam"), 1),
        Side("wirewatch --help", lambda: _run("-m", "pipeline.main", "--help"), 1),
        Side("replay of five articles", lambda: _replay(articles), 1),
    ]


def _replay(articles: Path) -> None:
    with TemporaryDirectory() as folder:
        _run("-m", "pipeline.main", "replay", str(articles), "--events", os.path.join(folder, "events.jsonl"))


def _run(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
