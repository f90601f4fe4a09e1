"""`wirewatch publish`: files into Kafka."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from pipeline.commands.common import Failure, Time, configured, plausible_dates, stop_on_signals
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.hosts.publish.delivery import Delivery
    from pipeline.hosts.publish.publisher import Publisher

_LAST_SECONDS = 3.0
"""How long records that are on their way may take to arrive when publish is told to stop."""


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--follow", is_flag=True, help="Go on with what appears, grows or is renamed into place, until SIGTERM.")
@click.option("--archive", is_flag=True, help="Event time is published_at where known; else --seen-at or file time.")
@click.option(
    "--seen-at", type=Time(), help="Event time of what brings none. Default: now, or with --archive see there."
)
@configured
def publish(sources: tuple[str, ...], follow: bool, archive: bool, seen_at: datetime | None, config: Config) -> None:
    """Send the articles of files, folders and globs to the topic of [input].

    What the topic has is remembered ([publish] state): run again, or after a crash, publish goes on where it stopped.
    """
    from connectors.finding import SourceNotFound, find_files

    if config.input.kafka is None:
        raise click.UsageError("publish needs a broker: give --config a file with kafka in [input]")
    try:
        paths = find_files(sources).files
    except SourceNotFound as error:
        raise click.UsageError(str(error)) from error
    stop = stop_on_signals()
    archive = archive or config.input.archive

    def work(publisher: "Publisher") -> None:
        if follow:
            _follow(publisher, sources, config, stop)
        else:
            _publish_all(publisher, paths, stop)

    _run(work, config, stop, archive=archive, seen_at=seen_at, is_final=not follow)


def _run(
    work: Callable[["Publisher"], None],
    config: Config,
    stop: threading.Event,
    *,
    archive: bool,
    seen_at: datetime | None,
    is_final: bool,
) -> None:
    from connectors.parsing import parse
    from connectors.resuming import Position, Reader, open_reader
    from pipeline.brokers import BrokerError
    from pipeline.hosts.publish.delivery import Delivery
    from pipeline.hosts.publish.measuring import publish_registry
    from pipeline.hosts.publish.memory import Memory, MemoryRefused, Progress
    from pipeline.hosts.publish.publisher import Publisher, clock
    from pipeline.hosts.publish.topics import find_topics
    from pipeline.metrics import MetricsError, serve_metrics

    def open_at(path: str, offset: int, number: int, digest: str) -> Reader:
        known = (Position(offset, number), digest)
        limit = config.input.max_article_bytes
        return open_reader(path, known, max_article_bytes=limit, seen_at=seen_at, is_final=is_final)

    servers = config.input.kafka or ""
    try:
        found = find_topics(config, servers)
        memory = Memory(config.publish.state, found.articles_id)
        notes: list[Progress] = []
        delivery = Delivery(servers, config.kafka, topics=found.topics, on_arrived=notes.append, stop=stop)
    except (BrokerError, MemoryRefused) as error:
        raise Failure(str(error)) from error
    publisher = Publisher(
        delivery,
        notes,
        memory,
        parse=partial(parse, plausible=plausible_dates(config), archive=archive),
        open_reader=open_at,
        stamp=None if archive or seen_at else clock,
        stop=stop,
    )
    registry = publish_registry(lambda: publisher.counters + delivery.counters, lambda: delivery.num_waiting)
    try:
        with serve_metrics(config.metrics.listen, registry, str):
            work(publisher)
            delivery.finish(_LAST_SECONDS if stop.is_set() else config.kafka.delivery_seconds + _LAST_SECONDS)
    except (BrokerError, MetricsError) as error:
        raise Failure(str(error)) from error
    finally:
        publisher.note_last()
        delivery.close()
        memory.close()
        _summarise(publisher, delivery)


def _publish_all(publisher: "Publisher", paths: Sequence[str], stop: threading.Event) -> None:
    for path in paths:
        if stop.is_set():
            return
        try:
            if not publisher.publish(path):
                publisher.counters["files_unchanged_total"] += 1
        except OSError:
            publisher.counters["files_gone_total"] += 1


def _follow(publisher: "Publisher", sources: Sequence[str], config: Config, stop: threading.Event) -> None:
    from connectors.finding import SourceNotFound, find_files
    from connectors.resuming import is_lines
    from connectors.watching import FileWatch
    from pipeline.hosts.publish.following import Follower

    def find(places: Sequence[str]) -> Sequence[str]:
        found: list[str] = []
        for place in places:
            with suppress(SourceNotFound):  # a folder may go, and come again
                found += find_files([place]).files
        return found

    follower = Follower(
        publisher,
        find,
        is_lines,
        settle_seconds=config.publish.settle_seconds,
        rescan_seconds=config.publish.rescan_seconds,
    )
    with FileWatch(sources) as watch:
        follower.follow(sources, watch, stop)


def _summarise(publisher: "Publisher", delivery: "Delivery") -> None:
    from rich.console import Console

    from pipeline.terminal import publish_summary

    counters = publisher.counters + delivery.counters
    counters["articles_unacknowledged_total"] = delivery.num_waiting
    Console().print(publish_summary(counters))
