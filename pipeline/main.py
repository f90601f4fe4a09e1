"""The command line: from arguments to configuration, graph and run. The only module that sees everything."""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from pipeline.config import Config, ConfigError, load_config

# Beam, extractors and word lists take a second to import: every command imports what it needs when it runs.


class Failure(click.ClickException):
    """The command could not do its work: exit code 1, where wrong usage has 2."""

    exit_code = 1


def main() -> None:
    """Run the command line; what stands behind ``--`` goes to the Beam runner untouched."""
    arguments = sys.argv[1:]
    runner_arguments: list[str] = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, runner_arguments = arguments[:cut], arguments[cut + 1 :]
    cli.main(args=arguments, prog_name="wirewatch", obj=runner_arguments)


@click.group()
@click.version_option(package_name="wirewatch")
def cli() -> None:
    """Wirewatch reads the news and says which stories are emerging and how they grow."""


def _configured(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --config and hand it a `Config`."""

    @click.option("--config", "config_path", metavar="FILE", help="TOML configuration; configs/default.toml has every key.")
    @wraps(command)
    def with_config(config_path: str | None, **arguments: Any) -> None:
        try:
            config = load_config(config_path)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        command(config=config, **arguments)

    return with_config


class Time(click.ParamType[datetime]):
    """A point in time as articles give it: ISO 8601, UTC where no zone is named."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from connectors.dates import parse_date

        moment = parse_date(value)
        if moment is None:
            self.fail(f"{value!r} is no date and time; write it as 1987-03-17T04:30:00Z", param, ctx)
        return moment


@cli.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--events", required=True, metavar="FILE", help="Story events, one JSON object a line.")
@click.option("--assignments", metavar="FILE", help="For each article: its story and its role.")
@click.option("--dead-letters", metavar="FILE", help="What could not be read as an article, and why.")
@click.option("--seen-at", type=Time(), help="Dates what brings no date. Default: the file's modification time.")
@click.option("--close-all", is_flag=True, help="Close the stories that are still open at the end.")
@_configured
@click.pass_obj
def replay(
    runner_arguments: list[str],
    sources: tuple[str, ...],
    events: str,
    assignments: str | None,
    dead_letters: str | None,
    seen_at: datetime | None,
    close_all: bool,
    config: Config,
) -> None:
    """Find the stories in archives: files, folders and globs of .txt, .html, .json and .jsonl articles.

    Each may be compressed (.gz, .xz, .zst). What stands behind -- goes to the Beam runner.
    """
    from rich.console import Console

    from connectors.files import read_file
    from connectors.parsing import parse

    with _quiet():
        from pipeline.hosts.replay import Listener, Outputs, Replay, run_replay
    from pipeline.terminal import ReplayDisplay, num_accounted, num_inputs, replay_summary

    outputs = Outputs(events, assignments, dead_letters)
    paths, num_skipped = _find(sources, outputs.paths())
    console = Console()
    graph = Replay(
        paths,
        partial(read_file, seen_at=seen_at, max_article_bytes=config.input.max_article_bytes),
        partial(parse, plausible=_plausible(config)),
        config,
        outputs,
        close_all=close_all,
    )
    with ReplayDisplay(console) as display:
        listener = Listener(display.on_sketched, display.on_decided, display.on_event)
        counters = run_replay(graph, listener=listener, runner_arguments=runner_arguments)
    console.print(replay_summary(counters, num_skipped))
    if num_inputs(counters) != num_accounted(counters):
        raise Failure(
            f"{num_inputs(counters)} articles were read but {num_accounted(counters)} accounted for: "
            "this is a defect of Wirewatch, please report it with the command and its input"
        )


@cli.command()
@click.argument("gold", nargs=-1, required=True, metavar="GOLD...")
@click.option("--orders", default=5, show_default=True, type=click.IntRange(1), help="Seeded orders to average over.")
@click.option("--by-date", is_flag=True, help="Stream once, by published_at, instead of in seeded orders.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@_configured
def evaluate(gold: tuple[str, ...], orders: int, by_date: bool, as_json: bool, config: Config) -> None:
    """Score detection on labelled articles: B-cubed and pairwise, for each set, with the spread over the orders."""
    import orjson
    from rich.console import Console
    from rich.progress import track

    from connectors.parsing import parse
    from pipeline.evaluation.evaluate import evaluate as evaluate_set
    from pipeline.evaluation.evaluate import render_table, to_dict
    from pipeline.evaluation.gold import read_gold_sets
    from pipeline.hosts.clustering import Clustering

    errors = Console(stderr=True)
    clustering = Clustering(partial(parse, plausible=_plausible(config)), config.detection)
    try:
        sets = read_gold_sets(map(Path, gold))
        evaluations = [
            evaluate_set(each, cluster=clustering, orders=orders, by_date=by_date)
            for each in track(sets, "evaluating", console=errors, transient=True, disable=not errors.is_terminal)
        ]
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(orjson.dumps(to_dict(evaluations), option=orjson.OPT_INDENT_2))
    else:
        Console().print(render_table(evaluations))


def _find(sources: Sequence[str], outputs: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Expand the sources; what the run itself writes is no source of it."""
    from connectors.finding import SourceNotFound, find_files
    from pipeline.sinks.paths import OutputRefused, check_outputs, same_file

    try:
        check_outputs(outputs)
        found = find_files(sources)
    except (SourceNotFound, OutputRefused) as error:
        raise click.UsageError(str(error)) from error
    files = tuple(path for path in found.files if not any(same_file(path, output) for output in outputs))
    return files, len(found.skipped)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what Beam says while it is imported: which optional parts it lacks is no news to anybody."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _plausible(config: Config) -> tuple[datetime, datetime]:
    """Bound what is believed of `published_at`: not the zero of a clock, not the future (but clocks and zones err)."""
    earliest = datetime.fromisoformat(config.input.plausible_from).replace(tzinfo=UTC)
    return earliest, datetime.now(UTC) + timedelta(days=1)


if __name__ == "__main__":
    main()
