"""Run a simulated newswire through the core, with its state in a file, and see whether cost stays flat.

Usage: python -m tests.benchmarks.stream [--articles N] [--days D] [--horizon HOURS] [--block N] [--plot FILE]
       [--json FILE]

Measured for each block of articles, without the time to write them: CPU time from article to events, with the journal
in SQLite as `wirewatch run` keeps it; memory of the process; size of the state; live articles. At the end the state is
loaded anew, as after a crash. The peak of memory is the kernel's own count, what came between two blocks included, less
what the process took before its first article. Another process writes the articles.
"""

import os
import resource
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from matplotlib.figure import Figure
from rich.console import Console

from pipeline.config import DetectionConfig, TimeConfig
from pipeline.detection.journal import Journal
from pipeline.detection.sketch import sketch_article
from pipeline.evaluation.report import plain_table
from pipeline.hosts.embedded.state import State, open_state
from pipeline.hosts.embedded.stores import stores_of
from pipeline.main import settle_memory
from pipeline.records import Article
from pipeline.spool import FileSpool
from tests.benchmarks.speed.measuring import machine
from tests.benchmarks.stream.newswire import Newswire

_BATCH = 100
"""Articles of a transaction."""


class Point(NamedTuple):
    """What was measured when so many articles had been decided."""

    num_articles: int
    microseconds: float
    """CPU time an article, mean of the block."""
    memory: int
    """Bytes of the process."""
    state: int
    """Bytes of the state file that are in use."""
    num_live: int
    num_stories: int
    num_events: int


def written_elsewhere(num_articles: int, days: float) -> Iterator[list[Article]]:
    """Let another process write a newswire, and give it batch by batch."""
    ours, theirs = Pipe(duplex=False)
    writer = Process(target=_write, args=(theirs, num_articles, days), daemon=True)
    writer.start()
    while batch := ours.recv():
        yield batch
    writer.join()


def _write(pipe: Connection, num_articles: int, days: float) -> None:
    articles = iter(Newswire(num_articles, days))
    while batch := list(islice(articles, _BATCH)):
        pipe.send(batch)
    pipe.send([])


def run(batches: Iterable[list[Article]], state: State, config: DetectionConfig, size: int) -> Iterator[Point]:
    stores = stores_of(state.connection, "en")
    journal = Journal.load(config, stores, FileSpool)
    num_articles = num_events = num_before = 0
    taken = 0.0
    for articles in batches:
        start = time.process_time()
        with state.transaction():
            num_events += _decide(articles, journal, stores, config)
        taken += time.process_time() - start
        num_articles += len(articles)
        if num_articles - num_before >= size:
            core = journal.detector.core()
            yield Point(
                num_articles,
                taken / (num_articles - num_before) * 1e6,
                _memory(),
                _size(state),
                core.num_live,
                len(core.stories),
                num_events,
            )
            num_before, taken = num_articles, 0.0


def _decide(articles: list[Article], journal: Journal, stores: Any, config: DetectionConfig) -> int:
    for article in articles:
        sketch = sketch_article(article, config)
        journal.observe(sketch, stores)
    # Articles come in the order of their dates: all ticks before the newest are complete.
    return sum(len(outcome.events) for outcome in journal.advance(sketch.observed_at, stores))


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _size(state: State) -> int:
    page, pages, free = (
        state.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(page * (pages - free))


def draw(points: list[Point], path: Path) -> None:
    """Draw time, memory and state over the length of the stream."""
    figure = Figure(figsize=(7, 8), layout="constrained")
    counts = [point.num_articles for point in points]
    series = {
        "CPU time an article, µs": [point.microseconds for point in points],
        "memory of the process, MB": [point.memory / 1e6 for point in points],
        "state in the file, MB": [point.state / 1e6 for point in points],
        "live articles": [point.num_live for point in points],
    }
    for axes, (label, values) in zip(figure.subplots(len(series), sharex=True), series.items(), strict=True):
        axes.plot(counts, values, marker=".")
        axes.set(ylabel=label, ylim=(0, None))
        axes.grid(visible=True, alpha=0.3)
    axes.set(xlabel="articles so far")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--days", type=float, default=6.0)
    parser.add_argument("--horizon", type=float, default=TimeConfig().horizon_hours, metavar="HOURS")
    parser.add_argument("--block", type=int, default=10_000)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    config, console = DetectionConfig(time=TimeConfig(horizon_hours=options.horizon)), Console(width=120)
    settle_memory()
    before, points = _memory(), []
    with TemporaryDirectory() as folder, open_state(os.path.join(folder, "state.db"), config) as state:
        for point in run(written_elsewhere(options.articles, options.days), state, config, options.block):
            points.append(point)
            console.print(point._asdict(), soft_wrap=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        start = time.process_time()
        journal = Journal.load(config, stores_of(state.connection, "en"), FileSpool)
        restored = time.process_time() - start
        num_restored = journal.detector.core().num_live
    last, most_live = points[-1], max(point.num_live for point in points)
    table = plain_table("", "")
    for name, value in {
        "bytes of memory a live article, the peak over the most articles": (peak - before) / most_live,
        "bytes of memory an article of the stream": (peak - before) / last.num_articles,
        "bytes of state a live article": last.state / last.num_live,
        "articles restored a second / articles detected a second": num_restored / restored * last.microseconds / 1e6,
    }.items():
        table.add_row(name, f"{value:,.1f}")
    console.print(table)
    if options.plot:
        draw(points, options.plot)
    if options.json:
        results = {
            "machine": machine(),
            "days": options.days,
            "horizon": options.horizon,
            "points": [point._asdict() for point in points],
            "memory_before": before,
            "memory_peak": peak,
            "restore_seconds": restored,
        }
        options.json.write_bytes(orjson.dumps(results))


if __name__ == "__main__":
    main()
