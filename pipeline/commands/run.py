"""`wirewatch run`: the long-running job."""

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from pipeline.commands.common import Failure, configured, idle_option, quiet, stop_on_signals, tell_if_slow
from pipeline.commands.parsing import LiveParse
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.hosts.embedded.host import Readers


@click.command()
@idle_option("End when nothing came for so long. In archive mode that ends the input: all that waits is decided.")
@click.option(
    "--forget-cursor",
    is_flag=True,
    help="Go on from what the state itself knows to be told. Consumers may see events again, with the same ids.",
)
@click.option(
    "--from",
    "savepoint",
    metavar="SAVEPOINT",
    help="Engine flink: savepoint or checkpoint to go on from. Without it the job starts with nothing.",
)
@configured
def run(until_idle: float | None, forget_cursor: bool, savepoint: str | None, config: Config) -> None:
    """Read articles from Kafka or a folder as they come, and write story events to Kafka or a file.

    Engine embedded: state is kept in SQLite ([run] state): stopped or killed at any moment, it goes on where it was.
    SIGTERM ends it.

    Engine flink: the job of [flink] is started, or found running, and followed. SIGTERM ends the looking on, never
    the job; `wirewatch stop` ends that.
    """
    _check_engine(config, until_idle is not None, forget_cursor, savepoint is not None)
    if config.run.engine == "embedded":
        _check(config, until_idle)
    stop = stop_on_signals()
    logging.basicConfig(format="wirewatch: %(message)s", level=logging.WARNING)
    # What the client meets on its way, this host tells in words of its own, once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    if config.run.engine == "flink":
        _run_on_flink(config, savepoint, stop)
    else:
        _run_embedded(config, until_idle, forget_cursor, stop)


def _run_on_flink(config: Config, savepoint: str | None, stop: threading.Event) -> None:
    with quiet():
        from pipeline.hosts.flink.errors import JobFailed
        from pipeline.hosts.flink.graph import Follow
        from pipeline.hosts.flink.job import Job
    _check_topics(config)
    # Beam warns of every option that it hands to the job server unread.
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    job = Job(config.flink, stop=stop, say=click.echo)
    try:
        job.run(Follow(config, LiveParse(config)), savepoint=savepoint)
    except JobFailed as error:
        raise Failure(str(error)) from error


def _run_embedded(config: Config, until_idle: float | None, forget_cursor: bool, stop: threading.Event) -> None:
    from pipeline.hosts.embedded.errors import HostFailed
    from pipeline.hosts.embedded.host import run_embedded
    from pipeline.metrics import MetricsError

    tell_if_slow()
    try:
        counts = run_embedded(config, _readers(config), stop=stop, until_idle=until_idle, forget_cursor=forget_cursor)
    except (HostFailed, MetricsError) as error:
        raise Failure(str(error)) from error
    click.echo(
        f"{counts['articles']} articles ({counts['late']} late), {counts['dead_letters']} dead letters, "
        f"{counts['events']} story events"
    )


def _check_engine(config: Config, until_idle: bool, forget_cursor: bool, savepoint: bool) -> None:
    """Refuse what only the other engine knows."""
    foreign = (
        {"--from": savepoint}
        if config.run.engine == "embedded"
        else {
            "--until-idle": until_idle,
            "--forget-cursor": forget_cursor,
            "[input] folder": config.input.folder is not None,
            "[output] jsonl": config.output.jsonl is not None,
        }
    )
    given = [name for name, is_given in foreign.items() if is_given]
    if given:
        raise click.UsageError(f"{' and '.join(given)} cannot be used with engine = {config.run.engine!r} in [run]")
    if config.run.engine == "flink" and (config.input.kafka is None or config.output.kafka is None):
        raise click.UsageError("engine = 'flink' needs kafka in [input] and in [output]")


def _check_topics(config: Config) -> None:
    """Fail here, in a sentence, where the job would fail and start again for ever."""
    from pipeline.brokers import BrokerError, Connection, explained
    from pipeline.sources.kafka.ranges import TopicNotFound, open_consumer, partitions_of

    wanted = (
        (config.input.kafka or "", [config.input.topic]),
        (config.output.kafka or "", [config.output.topic, config.output.dead_letters_topic]),
    )
    try:
        for servers, topics in wanted:
            connection = Connection(servers, config.kafka)
            with explained(servers, config.kafka), open_consumer(connection) as consumer:
                for topic in topics:
                    partitions_of(consumer, topic)
    except (BrokerError, TopicNotFound) as error:
        raise Failure(str(error)) from error


def _check(config: Config, until_idle: float | None) -> None:
    for section, first, second, one, other in (
        ("input", config.input.kafka, config.input.folder, "kafka", "folder"),
        ("output", config.output.kafka, config.output.jsonl, "kafka", "jsonl"),
    ):
        if (first is None) == (second is None):
            found = "neither" if first is None else "both"
            raise click.UsageError(f"[{section}] has {found} of {one!r} and {other!r}: give exactly one of them")
    if config.input.folder is not None and config.input.archive and until_idle is None:
        raise click.UsageError(
            "[input] folder with archive = true needs --until-idle SECONDS: an archive's files come in no order of "
            "time, so only the end of the input can decide what they hold"
        )


def _readers(config: Config) -> "Readers":
    from connectors.files import read_file
    from pipeline.hosts.embedded.host import Readers
    from pipeline.records import DeadLetter, RawArticle

    def read(path: str) -> Iterator[RawArticle | DeadLetter]:
        return read_file(path, max_article_bytes=config.input.max_article_bytes)

    return Readers(LiveParse(config), lambda: _found(config), read)


def _found(config: Config) -> Sequence[str]:
    """Name the files of the input folder; what the run itself writes is none of them."""
    from connectors.finding import SourceNotFound, find_files
    from pipeline.hosts.embedded.host import dead_letters_path
    from pipeline.sinks.paths import same_file

    try:
        found = find_files([config.input.folder or ""]).files
    except SourceNotFound:
        # A folder may be unmounted for a while, or not made yet.
        return []
    outputs = [config.output.jsonl, dead_letters_path(config)] if config.output.jsonl else []
    return [path for path in found if not any(same_file(path, output) for output in outputs)]
