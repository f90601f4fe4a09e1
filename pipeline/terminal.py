"""What a person sees while work goes on: a progress bar, the stories as they emerge, and the sums at the end."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.records import EventType, StoryEvent

_COLOURS = {
    EventType.EMERGED: "bold green",
    EventType.GREW: "cyan",
    EventType.MERGED: "magenta",
    EventType.CORRECTED: "yellow",
}
_ROLES = ("report", "copy", "revision", "repeat", "takedown")


class ReplayDisplay:
    """Shows a replay on a terminal; in a pipe it stays quiet.

    Use as a context manager around the run, with its methods as the run's listener.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._reading = self._progress.add_task("reading articles", total=None)
        self._deciding = self._progress.add_task("finding stories", total=None, start=False)
        self._num_parsed = 0

    def __enter__(self) -> "ReplayDisplay":
        if self._console.is_terminal:
            self._console.print(
                f"[bold]{'event time':<17} {'':<9} {'reports':>7} {'copies':>6} {'outlets':>7}  headline"
            )
        self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()

    def on_parsed(self, _: Any) -> None:
        self._num_parsed += 1
        self._progress.update(self._reading, completed=self._num_parsed)

    def on_decided(self, _: Any) -> None:
        if not self._progress.tasks[self._deciding].started:
            self._progress.start_task(self._deciding)
            self._progress.update(self._reading, total=self._num_parsed)
        self._progress.update(self._deciding, advance=1, total=self._num_parsed)

    def on_event(self, event: StoryEvent) -> None:
        if self._console.is_terminal and event.type in _COLOURS:
            self._console.print(_row(event), no_wrap=True, overflow="ellipsis", highlight=False)


def _row(event: StoryEvent) -> str:
    what = event.type.name.lower()
    colour = _COLOURS[event.type]
    return (
        f"{_minute(event.time)}  [{colour}]{what:<9}[/] {event.num_reports:>6} {event.num_copies:>6} "
        f"{event.num_outlets:>7}  {escape(event.headline)} [dim]\\[{event.language}][/]"
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def replay_summary(counters: Counter[str], num_skipped: int) -> Table:
    """Lay out the sums of a replay: every article read is in exactly one row below the line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    if counters["partitions_read_total"]:
        table.add_row(f"{counters['partitions_read_total']:,}", "partitions read")
    else:
        table.add_row(f"{counters['files_read_total']:,}", f"files read{_and_skipped(num_skipped)}")
    table.add_row(f"{num_inputs(counters):,}", "articles read, of them")
    for role in _ROLES:
        if counters[f"articles_{role}_total"]:
            table.add_row(f"{counters[f'articles_{role}_total']:,}", f"  {_plural(role)}")
    table.add_row(f"{counters['dead_letters_total']:,}", "  dead letters")
    _add_notes(table, counters)
    if counters["articles_forgotten_early_total"]:
        table.add_row(f"{counters['articles_forgotten_early_total']:,}", "articles forgotten before the horizon")
    table.add_row(f"{counters['events_emerged_total']:,}", "stories emerged")
    told = sum(count for name, count in counters.items() if name.startswith("events_"))
    table.add_row(f"{told:,}", "events written")
    return table


def num_inputs(counters: Counter[str]) -> int:
    """Count what was taken in: articles, and pieces that could not be read as such."""
    return counters["articles_read_total"] + counters["dead_letters_read_total"]


def num_accounted(counters: Counter[str]) -> int:
    """Count what became of it; equals `num_inputs` after a run, or something was lost."""
    return sum(counters[f"articles_{role}_total"] for role in _ROLES) + counters["dead_letters_total"]


def publish_summary(counters: Counter[str]) -> Table:
    """Lay out the sums of publishing: every article read is published, a dead letter, or on its way."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"{counters['files_read_total']:,}", "files read")
    table.add_row(f"{counters['files_unchanged_total']:,}", "files left alone: the topic has them")
    if counters["files_gone_total"]:
        table.add_row(f"{counters['files_gone_total']:,}", "files were gone before they could be read")
    table.add_row(f"{counters['articles_read_total']:,}", "articles read, of them")
    table.add_row(f"{counters['articles_published_total']:,}", "  published")
    table.add_row(f"{counters['dead_letters_total']:,}", "  dead letters")
    if counters["articles_unacknowledged_total"]:
        waiting = f"{counters['articles_unacknowledged_total']:,}"
        table.add_row(waiting, "  not acknowledged; they are sent again next time")
    _add_notes(table, counters)
    return table


def _add_notes(table: Table, counters: Counter[str]) -> None:
    for name in sorted(counters):
        if name.startswith("note_") and counters[name]:
            note = name.removeprefix("note_").removesuffix("_total")
            table.add_row(f"{counters[name]:,}", f"articles with the note {note}")


def _plural(role: str) -> str:
    return "copies" if role == "copy" else f"{role}s"


def _and_skipped(num_skipped: int) -> str:
    return f" ({num_skipped:,} others in the folders have no suffix that is read)" if num_skipped else ""
