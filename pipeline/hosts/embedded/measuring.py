"""What `wirewatch run` counts, for Prometheus: read off the engine and the state file, which know nothing of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from prometheus_client import CollectorRegistry

from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.sender import Sender
from pipeline.hosts.embedded.state import State
from pipeline.metrics import Reading, Readings, serve_metrics

_PREFIX = "wirewatch_run_"
_COUNTED = ("articles", "late", "dead_letters", "events")

READINGS = (
    Reading(f"{_PREFIX}articles_total", "counter", "Articles read."),
    Reading(f"{_PREFIX}late_total", "counter", "Articles admitted after their tick was decided."),
    Reading(f"{_PREFIX}dead_letters_total", "counter", "Articles that could not be processed."),
    Reading(f"{_PREFIX}events_total", "counter", "Story events raised."),
    Reading(f"{_PREFIX}records_unsent", "gauge", "Story events and dead letters not told yet."),
    Reading(
        f"{_PREFIX}watermark_timestamp_seconds", "gauge", "Event time up to which all is read; 0 before the first."
    ),
)


@contextmanager
def measured(listen: str | None, state_path: str, engine: Engine, sender: Sender) -> Iterator[None]:
    """Serve the metrics of a run while it runs.

    Raises
    ------
    pipeline.metrics.MetricsError
        If they cannot be served.
    """
    with closing(State(state_path)) as state:
        outbox = Outbox(state)

        def read() -> dict[str, float]:
            values = {f"{_PREFIX}{name}_total": float(engine.counts[name]) for name in _COUNTED}
            values[f"{_PREFIX}records_unsent"] = outbox.last() - outbox.sent()
            values[f"{_PREFIX}watermark_timestamp_seconds"] = (state.watermark() or 0) / 1e6
            return values

        def unready() -> str:
            if sender.error is not None:
                return str(sender.error)
            return "" if sender.ready.is_set() else "the output is not open yet"

        registry = CollectorRegistry()
        registry.register(Readings(READINGS, read))
        with serve_metrics(listen, registry, unready):
            yield
