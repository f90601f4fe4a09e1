"""Puts delivery together: one thread reads story events into the queue, one more for each destination empties it."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from prometheus_client import CollectorRegistry

from pipeline.config import Config, DestinationConfig, EmailConfig, SlackConfig, SqlConfig, WebhookConfig
from pipeline.delivery.destinations.contract import Destination
from pipeline.delivery.destinations.email import EmailDestination
from pipeline.delivery.destinations.slack import SlackDestination
from pipeline.delivery.destinations.sql import EventStore, SqlDestination
from pipeline.delivery.destinations.webhook import WebhookDestination
from pipeline.delivery.feeds import Feed
from pipeline.delivery.jsonl_feed import JsonlFeed
from pipeline.delivery.metrics import DeliverMetrics
from pipeline.delivery.queue import Queue, open_queue
from pipeline.delivery.rules import Rule
from pipeline.delivery.worker import Worker
from pipeline.metrics import serve_metrics

_LOG = logging.getLogger(__name__)

_READ_SECONDS = 0.2
_PRUNE_SECONDS = 3600.0
_LAST_SECONDS = 3.0
"""What an attempt may still take after SIGTERM; one that is cut off is made again at the next start."""

Destinations = Sequence[tuple[DestinationConfig, Destination]]


class DeliveryFailed(RuntimeError):
    """Delivery cannot go on; the message says what to do."""


def make_destinations(
    config: Config, environment: Mapping[str, str], open_store: Callable[[str], EventStore]
) -> Destinations:
    """Make every destination of the configuration.

    Parameters
    ----------
    config
        The whole configuration.
    environment
        Holds their secrets.
    open_store
        Opens the store of a SQL destination.

    Raises
    ------
    pipeline.delivery.destinations.contract.Misconfigured
        If one lacks something.
    """

    def make(given: DestinationConfig) -> Destination:
        match given:
            case WebhookConfig():
                return WebhookDestination(given, environment)
            case SlackConfig():
                return SlackDestination(given, environment)
            case EmailConfig():
                return EmailDestination(given, environment)
            case SqlConfig():
                return SqlDestination(given.url or config.store.url, open_store)
        raise AssertionError(given)

    return [(given, make(given)) for given in config.deliver.destinations]


def deliver(config: Config, destinations: Destinations, *, stop: threading.Event, until_idle: float | None) -> None:
    """Deliver until `stop` is set, or until nothing came for `until_idle` seconds and nothing is due.

    Raises
    ------
    pipeline.delivery.queue.QueueRefused, pipeline.delivery.feeds.FeedFailed, pipeline.metrics.MetricsError
        If it cannot begin or go on.
    DeliveryFailed
        If the queue cannot be written.
    """
    registry = CollectorRegistry()
    metrics = DeliverMetrics(registry, [given.name for given, _ in destinations])
    with open_queue(config.deliver.state) as queue:
        for given, _ in destinations:
            metrics.watch(given.name, partial(queue.counts, given.name))
        feed = _feed(config)
        try:
            with serve_metrics(config.metrics.listen, registry, feed.trouble):
                _run(config, destinations, queue, feed, metrics, stop, until_idle)
        finally:
            feed.close()


def _feed(config: Config) -> Feed:
    output = config.output
    if output.kafka is None:
        return JsonlFeed(output.jsonl or "")
    from pipeline.delivery.kafka_feed import KafkaFeed

    return KafkaFeed(output.kafka, config.kafka, output.topic)


def _run(
    config: Config,
    destinations: Destinations,
    queue: Queue,
    feed: Feed,
    metrics: DeliverMetrics,
    stop: threading.Event,
    until_idle: float | None,
) -> None:
    feed.open(queue.positions())
    starts = {given.name: feed.ends() if given.start == "now" else {} for given, _ in destinations}
    queue.enrol(list(starts), starts.__getitem__)
    desks = [_Desk(config, given, destination, metrics) for given, destination in destinations]
    for desk in desks:
        desk.start()
    try:
        _Intake(config, queue, feed, metrics, desks).run(stop, until_idle)
    except sqlite3.Error as error:
        raise DeliveryFailed(
            f"{queue.path!r} cannot be written: {error}; make room on its disk and start again"
        ) from error
    finally:
        for desk in desks:
            desk.stop()
        until = time.monotonic() + _LAST_SECONDS
        for desk in desks:
            desk.join(max(0.0, until - time.monotonic()))


class _Desk:
    """The thread of one destination."""

    def __init__(
        self, config: Config, given: DestinationConfig, destination: Destination, metrics: DeliverMetrics
    ) -> None:
        self.name = given.name
        self._config = config
        self._given = given
        self._destination = destination
        self._metrics = metrics
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=given.name, daemon=True)
        self.error: Exception | None = None
        self.start, self.join = self._thread.start, self._thread.join

    def wake(self) -> None:
        """Say that there is something new."""
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def _run(self) -> None:
        deliver = self._config.deliver
        queue = Queue(deliver.state)
        try:
            worker = Worker(
                self._given,
                self._destination,
                [Rule(rule) for rule in deliver.rules if rule.name in self._given.rules],
                queue,
                self._metrics,
                ladder=self._config.detection.stories.growth_ladder,
                longest_wait_seconds=deliver.longest_wait_seconds,
            )
            while not self._stop.is_set():
                self._wake.clear()
                seconds = worker.step(time.time())
                if seconds:
                    self._wake.wait(seconds)
        except Exception as error:  # a thread's exception would be lost; the intake raises it again
            self.error = error
        finally:
            self._destination.close()
            queue.close()


class _Intake:
    """Reads story events into the queue, in the thread that called."""

    def __init__(
        self, config: Config, queue: Queue, feed: Feed, metrics: DeliverMetrics, desks: Sequence[_Desk]
    ) -> None:
        self._keep_seconds = config.deliver.keep_days * 86_400
        self._queue = queue
        self._feed = feed
        self._metrics = metrics
        self._desks = desks

    def run(self, stop: threading.Event, until_idle: float | None) -> None:
        heard, pruned = time.monotonic(), float("-inf")
        while not stop.is_set():
            if self._take():
                heard = time.monotonic()
            for desk in self._desks:
                if desk.error is not None:
                    raise desk.error
            if time.monotonic() - pruned >= _PRUNE_SECONDS:
                self._queue.prune(time.time(), self._keep_seconds)
                pruned = time.monotonic()
            if until_idle is not None and time.monotonic() - heard >= until_idle and not self._has_due():
                return

    def _take(self) -> bool:
        items = self._feed.read(_READ_SECONDS)
        if not items:
            return False
        num_new = self._queue.take(items, time.time())
        num_malformed = sum(not item.id for item in items)
        if num_malformed:
            _LOG.warning("%d records of %s are no story events", num_malformed, items[0].stream)
        self._metrics.malformed.inc(num_malformed)
        self._metrics.received.inc(num_new)
        self._metrics.repeated.inc(len(items) - num_malformed - num_new)
        for desk in self._desks:
            desk.wake()
        return True

    def _has_due(self) -> bool:
        now = time.time()
        names = [desk.name for desk in self._desks]
        return any(self._queue.unsorted(name, 1) or self._queue.due(name, now, 1) for name in names)
