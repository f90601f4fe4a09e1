"""What `wirewatch publish` counts, for Prometheus."""

from collections import Counter
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from pipeline.metrics import Reading, Readings

_PREFIX = "wirewatch_publish_"

READINGS = (
    Reading(f"{_PREFIX}files_read_total", "counter", "Files read, whole or from where they were left."),
    Reading(f"{_PREFIX}files_unchanged_total", "counter", "Files left alone, since the topic has them."),
    Reading(f"{_PREFIX}files_gone_total", "counter", "Files that were gone before they could be read."),
    Reading(f"{_PREFIX}articles_read_total", "counter", "Articles and dead letters read."),
    Reading(f"{_PREFIX}articles_published_total", "counter", "Articles that the broker acknowledged."),
    Reading(f"{_PREFIX}dead_letters_total", "counter", "Dead letters that the broker acknowledged."),
    Reading(f"{_PREFIX}records_unacknowledged", "gauge", "Records on their way to the broker."),
)


def publish_registry(counters: Callable[[], Counter[str]], num_waiting: Callable[[], int]) -> CollectorRegistry:
    """Give what there is to fetch of a publisher.

    Parameters
    ----------
    counters
        Gives what was counted.
    num_waiting
        Gives how many records are not acknowledged yet.
    """

    def read() -> dict[str, float]:
        values = {f"{_PREFIX}{name}": value for name, value in counters().items()}
        return {**values, f"{_PREFIX}records_unacknowledged": num_waiting()}

    registry = CollectorRegistry()
    registry.register(Readings(READINGS, read))
    return registry
