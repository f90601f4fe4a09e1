"""How a command is told to stop."""

import subprocess
import sys

from tests.running import ROOT

_SIGNALLED_WHILE_LOCKED = """
import signal
from pipeline.commands.common import stop_on_signals

stop = stop_on_signals()
with stop._cond:  # what setting and waiting hold: here for as long as two signals take
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
assert stop.wait(10)
"""


def test_a_signal_that_comes_while_the_event_is_locked_stops_too() -> None:
    # In a process of its own: a handler that waits for the lock would never come back.
    subprocess.run([sys.executable, "-c", _SIGNALLED_WHILE_LOCKED], cwd=ROOT, check=True, timeout=30)
