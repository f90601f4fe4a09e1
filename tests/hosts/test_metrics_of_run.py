"""What a run tells Prometheus while it runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.delivery.delivering import wait_until
from tests.hosts.making import write_config
from tests.measuring import fetch, free_address, value
from tests.running import ROOT

CONFIG = """
[input]
folder = "in"
partition_idle_seconds = 0.5
max_out_of_orderness_seconds = 0
[output]
jsonl = "events.jsonl"
[detection.time]
tick_seconds = 0.5
"""


def test_a_run_tells_what_it_read_and_raised_and_how_far_it_is(tmp_path: Path, samples: Path) -> None:
    address = free_address()
    (tmp_path / "in").mkdir()
    newswire = (samples / "newswire.jsonl").read_bytes().splitlines(keepends=True)
    ferry = [line for line in newswire if b"ferry-grey-heron" in line]
    (tmp_path / "in" / "a.jsonl").write_bytes(b"".join(ferry[:5]) + b"garbage\n")
    config = write_config(tmp_path, CONFIG)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.main", "run", "--config", str(config)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "WIREWATCH_METRICS_LISTEN": address},
    )
    try:
        wait_until(lambda: value(address, "wirewatch_run_articles_total") == 6)
        wait_until(lambda: value(address, "wirewatch_run_dead_letters_total") == 1)
        wait_until(lambda: value(address, "wirewatch_run_events_total") == 1)
        wait_until(lambda: value(address, "wirewatch_run_records_unsent") == 0)
        assert abs(value(address, "wirewatch_run_watermark_timestamp_seconds") - time.time()) < 60
        assert fetch(address, "/readyz") == (200, "ready\n")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_an_address_that_is_taken_ends_the_run_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    config = write_config(tmp_path, CONFIG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.main", "run", "--config", str(config)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "WIREWATCH_METRICS_LISTEN": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "a port that is free" in " ".join(done.stderr.split())
