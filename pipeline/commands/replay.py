"""`wirewatch replay`: the stories of an archive."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import click

from pipeline.commands.common import Failure, Time, configured, plausible_dates, quiet
from pipeline.config import Config


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--events", required=True, metavar="FILE", help="Story events, one JSON object a line.")
@click.option("--assignments", metavar="FILE", help="For each article: its story and its role.")
@click.option("--dead-letters", metavar="FILE", help="What could not be processed, and why.")
@click.option("--seen-at", type=Time(), help="Dates what brings no date. Default: the file's modification time.")
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
    close_all: bool,
    config: Config,
) -> None:
    """Find the stories in archives: files, folders and globs of .txt, .html, .json and .jsonl articles.

    Each may be compressed (.gz, .xz, .zst). What stands behind -- goes to the Beam runner.
    """
    from rich.console import Console

    from connectors.files import read_file
    from connectors.parsing import parse

    with quiet():
        from pipeline.hosts.replay import Listener, Outputs, Replay, run_replay
    from pipeline.terminal import ReplayDisplay, num_accounted, num_inputs, replay_summary

    outputs = Outputs(events, assignments, dead_letters)
    paths, num_skipped = _find(sources, outputs.paths())
    console = Console()
    graph = Replay(
        paths,
        partial(read_file, seen_at=seen_at, max_article_bytes=config.input.max_article_bytes),
        partial(parse, plausible=plausible_dates(config)),
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
