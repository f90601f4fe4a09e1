"""What `wirewatch deliver` counts."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class DeliverMetrics:
    """The metrics of one process; labels are the names of destinations in the configuration.

    Parameters
    ----------
    registry
        Where they are registered.
    destinations
        Names of all destinations, so that each has its metrics from the start.
    """

    def __init__(self, registry: CollectorRegistry, destinations: Sequence[str]) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"wirewatch_deliver_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"wirewatch_deliver_{name}", text, labels, registry=registry)

        self.received = counter("events_received_total", "Story events read that were new.")
        self.repeated = counter("events_repeated_total", "Story events read that were known already.")
        self.malformed = counter("records_malformed_total", "Records read that are no story event.")
        self.chosen = counter("events_chosen_total", "Story events that a destination has to get.", "destination")
        self.delivered = counter("events_delivered_total", "Story events that a destination took.", "destination")
        self.failed = counter("attempts_failed_total", "Attempts that failed.", "destination")
        self.dead = counter("events_dead_total", "Story events given up: dead letters.", "destination")
        self.waiting = gauge("events_waiting", "Story events that a destination has still to get.", "destination")
        self.dead_letters = gauge("dead_letters", "Dead letters that were not replayed.", "destination")
        self.failing = gauge("failing", "1 while a destination takes nothing, else 0.", "destination")
        self.seconds = Histogram(
            "wirewatch_deliver_attempt_seconds",
            "How long an attempt took, whatever came of it.",
            ["destination"],
            buckets=_SECONDS,
            registry=registry,
        )
        labelled = (self.chosen, self.delivered, self.failed, self.dead, self.waiting, self.dead_letters, self.failing)
        for name in destinations:
            for metric in (*labelled, self.seconds):
                metric.labels(name)

    def watch(self, name: str, counts: Callable[[], tuple[int, int]]) -> None:
        """Read how much waits and how much is dead from the queue, at the moment it is asked for."""
        self.waiting.labels(name).set_function(lambda: counts()[0])
        self.dead_letters.labels(name).set_function(lambda: counts()[1])
