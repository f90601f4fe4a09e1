"""`wirewatch replay`: the stories of an archive."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any

import click

from pipeline.commands.common import Failure, Time, configured, plausible_dates, quiet
from pipeline.config import Config

_SCHEME = "kafka:"


class Point(click.ParamType[datetime | int]):
    """A place in a topic: an offset, or a time as `Time` takes it."""

    name = "time|offset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | int:
        return int(value) if str(value).isdecimal() else Time().convert(value, param, ctx)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--events", required=True, metavar="FILE", help="Story events, one JSON object a line.")
@click.option("--assignments", metavar="FILE", help="For each article: its story and its role.")
@click.option("--dead-letters", metavar="FILE", help="What could not be processed, and why.")
@click.option("--seen-at", type=Time(), help="Dates what brings no date. Default: the file's modification time.")
@click.option("--brokers", metavar="HOST:PORT,...", help="Servers of kafka:TOPIC. Default: kafka in [input].")
@click.option("--from", "since", type=Point(), help="Where in kafka:TOPIC to begin. Default: its oldest record.")
@click.option("--to", "until", type=Point(), help="Where in it to end, not included. Default: its end as it is now.")
@click.option("--close-all", is_flag=True, help="Close the stories that are still open at the end.")
@configured
@click.pass_obj
def replay(
    runner_arguments: list[str],
    sources: tuple[str, ...],
    events: str,
    assignments: str | None,
    dead_letters: str | None,
    seen_at: datetime | None,
    brokers: str | None,
    since: datetime | int | None,
    until: datetime | int | None,
    close_all: bool,
    config: Config,
) -> None:
    """Find the stories in archives: files, folders and globs of .txt, .html, .json and .jsonl articles, or kafka:TOPIC.

    Each file may be compressed (.gz, .xz, .zst). A topic is read from --from to --to, which are offsets (the same in
    every partition) or times by the broker's clock: when a record arrived, not when its article was observed. What
    stands behind -- goes to the Beam runner.
    """
    from rich.console import Console

    from connectors.parsing import parse

    with quiet():
        from pipeline.hosts.replay import Listener, Outputs, Replay, run_replay
    from pipeline.terminal import ReplayDisplay, num_accounted, num_inputs, replay_summary

    outputs = Outputs(events, assignments, dead_letters)
    _check(outputs.paths())
    _check_runner(runner_arguments)
    topic = _topic(sources)
    source: Any
    if topic is None:
        if brokers is not None or since is not None or until is not None:
            raise click.UsageError("--brokers, --from and --to are for kafka:TOPIC, and no source is one")
        source, num_skipped = _read_files(sources, outputs.paths(), seen_at, config)
    else:
        source, num_skipped = _read_topic(topic, (since, until), brokers, seen_at, config), 0
    console = Console()
    graph = Replay(source, partial(parse, plausible=plausible_dates(config)), config, outputs, close_all=close_all)
    with ReplayDisplay(console) as display:
        listener = Listener(display.on_parsed, display.on_decided, display.on_event)
        with nullcontext() if topic is None else _explained_source():
            counters = run_replay(graph, listener=listener, runner_arguments=runner_arguments)
    console.print(replay_summary(counters, num_skipped))
    if counters["offsets_lost_total"]:
        raise Failure(
            f"{counters['offsets_lost_total']} offsets of kafka:{topic} were deleted before they could be read: raise "
            "the topic's retention.ms, or begin later with --from"
        )
    if num_inputs(counters) != num_accounted(counters):
        raise Failure(
            f"{num_inputs(counters)} articles were read but {num_accounted(counters)} accounted for: "
            "this is a defect of Wirewatch, please report it with the command and its input"
        )


@contextmanager
def _explained_source() -> Iterator[None]:
    """Say in one sentence that the brokers failed while a topic was read."""
    from kafka.errors import KafkaError

    from pipeline.sources.kafka.ranges import BrokerSilent

    try:
        yield
    except (KafkaError, BrokerSilent) as error:
        raise Failure(f"the topic could not be read to its end, so no events were written: {error}") from error


def _topic(sources: Sequence[str]) -> str | None:
    """Name the topic among the sources, if it is one."""
    topics = [source for source in sources if source.startswith(_SCHEME)]
    if not topics:
        return None
    if len(sources) > 1:
        raise click.UsageError(f"{topics[0]} stands beside other sources: replay one topic, or files")
    return topics[0].removeprefix(_SCHEME)


def _check(outputs: Sequence[str]) -> None:
    from pipeline.sinks.paths import OutputRefused, check_outputs

    try:
        check_outputs(outputs)
    except OutputRefused as error:
        raise click.UsageError(str(error)) from error


def _check_runner(arguments: Sequence[str]) -> None:
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
    from apache_beam.runners.runner import create_runner

    name = PipelineOptions(list(arguments)).view_as(StandardOptions).runner
    try:
        if name is not None:
            create_runner(name)
    except (ValueError, ImportError) as error:
        raise click.UsageError(f"--runner={name} behind -- is no runner of Beam here: {error}") from error


def _read_files(
    sources: Sequence[str], outputs: Sequence[str], seen_at: datetime | None, config: Config
) -> tuple[Any, int]:
    """Give the source that reads files, and how many files it leaves alone."""
    from connectors.files import read_file
    from connectors.finding import SourceNotFound, find_files
    from pipeline.sinks.paths import OutputRefused, check_not_read
    from pipeline.sources.files import ReadArticleFiles

    try:
        found = find_files(sources)
        check_not_read(outputs, found.files)
    except (SourceNotFound, OutputRefused) as error:
        raise click.UsageError(str(error)) from error
    read = partial(read_file, seen_at=seen_at, max_article_bytes=config.input.max_article_bytes)
    return ReadArticleFiles(found.files, read), len(found.skipped)


def _read_topic(
    topic: str,
    points: tuple[datetime | int | None, datetime | int | None],
    brokers: str | None,
    seen_at: datetime | None,
    config: Config,
) -> Any:
    """Give the source that reads a topic between two points, up to its end as it is now."""
    from pipeline.brokers import BrokerError, Connection, explained
    from pipeline.sources.kafka.ranges import TopicNotFound, find_ranges, open_consumer
    from pipeline.sources.kafka.transforms import ReadKafkaRanges

    servers = brokers or config.input.kafka
    if not servers:
        raise click.UsageError("kafka:TOPIC needs its servers: give --brokers HOST:PORT, or kafka in [input]")
    try:
        connection = Connection(servers, config.kafka)
        with explained(servers, config.kafka), open_consumer(connection) as consumer:
            ranges = find_ranges(consumer, topic, since=points[0], until=points[1])
    except TopicNotFound as error:
        raise click.UsageError(str(error)) from error
    except BrokerError as error:
        raise Failure(str(error)) from error
    return ReadKafkaRanges(ranges, connection, config.input.max_article_bytes, seen_at=seen_at)
