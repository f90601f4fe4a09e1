"""`publish --follow`, `run` and `deliver` at once, as they work together: from a file to a webhook."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.delivery.delivering import webhook
from tests.delivery.making import SECRET
from tests.delivery.receiver import Receiver
from tests.kafka.broker import Broker
from tests.kafka.publishing import ENVIRONMENT
from tests.kafka.running import Job, ended

_LIVE = "max_out_of_orderness_seconds = 0\npartition_idle_seconds = 1"
RULE = '[[deliver.rules]]\nname = "emerging"\ntypes = ["emerged"]\n'


class Chain:
    """Three processes that live as long as the context.

    Parameters
    ----------
    broker
        Between them.
    folder
        Holds the configuration and every state; its folder ``in`` is followed.
    receiver
        Where alerts arrive.
    tick_seconds
        Of detection.
    """

    def __init__(self, broker: Broker, folder: Path, receiver: Receiver, tick_seconds: float) -> None:
        self.inbox = folder / "in"
        self.inbox.mkdir()
        more = (
            f"[detection.time]\ntick_seconds = {tick_seconds}\n"
            + "[publish]\nsettle_seconds = 0.2\n"
            + RULE
            + webhook(receiver.url, 'start = "beginning"\nrules = ["emerging"]')
        )
        self._folder = folder
        self._run = Job(broker, folder, live=_LIVE, more=more)
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self._processes = [self._run.start(), self._start("deliver"), self._start("publish", "in", "--follow")]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        told = [ended(process) for process in reversed(self._processes)]
        if error is None:
            assert [(code, err) for code, _, err in told] == [(0, "")] * 3, told

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.main", *arguments, "--config", "config.toml"],
            cwd=self._folder,
            env={**ENVIRONMENT, "WIREWATCH_DESK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
