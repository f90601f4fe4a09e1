"""`wirewatch run`: the long-running job."""

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from pipeline.commands.common import Failure, configured, plausible_dates
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.hosts.embedded.host import Readers


@click.command()
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End when nothing came for so long. In archive mode that ends the input: all that waits is decided.",
)
@click.option(
    "--forget-cursor",
    is_flag=True,
    help="Go on from what the state itself knows to be told. Consumers may see events again, with the same ids.",
)
@configured
def run(until_idle: float | None, forget_cursor: bool, config: Config) -> None:
    """Read articles from Kafka or a folder as they come, and write story events to Kafka or a file.

    State is kept in SQLite ([run] state): stopped or killed at any moment, it goes on where it was. SIGTERM ends it.
    """
    _check(config, until_idle)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(format="wirewatch: %(message)s", level=logging.WARNING)
    # What the client meets on its way, this host tells in words of its own, once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)

    from pipeline.hosts.embedded.errors import HostFailed
    from pipeline.hosts.embedded.host import run_embedded
    from pipeline.metrics import MetricsError

    try:
        counts = run_embedded(config, _readers(config), stop=stop, until_idle=until_idle, forget_cursor=forget_cursor)
    except (HostFailed, MetricsError) as error:
        raise Failure(str(error)) from error
    click.echo(
        f"{counts['articles']} articles ({counts['late']} late), {counts['dead_letters']} dead letters, "
        f"{counts['events']} story events"
    )


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
    from connectors.parsing import ParsedArticle, parse
    from pipeline.hosts.embedded.host import Readers
    from pipeline.records import DeadLetter, RawArticle

    def parse_article(raw: RawArticle) -> ParsedArticle:
        # What is plausible moves with the clock: this process lives for months.
        return parse(raw, plausible=plausible_dates(config), archive=config.input.archive)

    def read(path: str) -> Iterator[RawArticle | DeadLetter]:
        return read_file(path, max_article_bytes=config.input.max_article_bytes)

    return Readers(parse_article, lambda: _found(config), read)


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
