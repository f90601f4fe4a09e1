"""How long after it was sent an article's event can be read, from each endless engine.

The sample newswire comes at a steady rate, as in `latency_of_run`. The Beam graph has no endless mode on FnApiRunner.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from tests.benchmarks.documenting import heading, row
from tests.benchmarks.engines.running import NO_BOUND, NUM_FIRST, START_SECONDS, Engine, folder_for
from tests.benchmarks.live import Ear, every_report, latencies, newswire_for_ever, send_steadily
from tests.kafka.broker import Broker

_TICK_SECONDS = 5.0
_WARM_UP_SECONDS = 15.0


def latency_table(
    engines: dict[str, Engine], broker: Broker, folder: Path, rate: float, seconds: float
) -> Iterator[str]:
    """Give the lines of the table as they are measured."""
    yield f"{rate:g} articles a second for {seconds:g} s, ticks of {_TICK_SECONDS:g} s."
    yield ""
    yield heading("engine", "articles measured", "p50", "p99", "p99 beside the tick")
    for name, engine in engines.items():
        found = _latencies_of(engine, broker, folder_for(folder, f"latency of {name}"), rate, seconds)
        p50, p99 = np.percentile(found, [50, 99])
        yield row(name, f"{len(found):,}", f"{p50:.2f} s", f"{p99:.2f} s", f"{p99 - _TICK_SECONDS:+.2f} s")


def _latencies_of(engine: Engine, broker: Broker, folder: Path, rate: float, seconds: float) -> list[float]:
    source = newswire_for_ever()
    first = [replace(article, observed_at=datetime.now(UTC)) for article in islice(source, NUM_FIRST)]
    with engine(folder, NO_BOUND, every_report(_TICK_SECONDS), first) as topics, Ear(broker, topics.events) as ear:
        ear.await_num(1, START_SECONDS)
        ear.await_quiet(_TICK_SECONDS)
        begun_at = time.time()
        send_steadily(broker, topics.articles, source, rate, _WARM_UP_SECONDS + seconds)
        ended_at = time.time()
        ear.await_quiet(_TICK_SECONDS + 7)
    # Nothing came that could end the last tick: silence did, much later.
    end = ended_at // _TICK_SECONDS * _TICK_SECONDS
    return latencies(ear.heard().values(), _TICK_SECONDS, begun_at + _WARM_UP_SECONDS, end)
