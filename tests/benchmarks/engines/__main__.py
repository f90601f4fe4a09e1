"""How fast each engine is, and how late live: two tables in Markdown, measured in one run.

Usage: python -m tests.benchmarks.engines [--articles 3000] [--rate 50] [--seconds 60] [--only throughput|latency]
[--write PAGE]

Starts a broker and a Flink cluster of two task managers, one slot each, all on this machine. Needs `../shared`.
`--write PAGE` puts the tables into a page of the documentation, in place of the last ones.
"""

import argparse
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.documenting import put_into
from tests.benchmarks.engines.latency import latency_table
from tests.benchmarks.engines.running import Engine, embedded, flink
from tests.benchmarks.engines.throughput import throughput_table
from tests.flink.cluster import Cluster
from tests.kafka.broker import Broker


def measure(given: argparse.Namespace, folder: Path) -> None:
    broker, cluster = Broker(folder / "broker"), Cluster(folder / "cluster", task_managers=2, slots=1)
    broker.start()
    try:
        cluster.start()
        engines: dict[str, Engine] = {"embedded": partial(embedded, broker)} | {
            f"Flink, parallelism {parallelism}": partial(flink, broker, cluster, parallelism) for parallelism in (1, 2)
        }
        if given.only != "latency":
            show("throughput", throughput_table(engines, broker, folder, given.articles), given.write)
        if given.only != "throughput":
            show("latency", latency_table(engines, broker, folder, given.rate, given.seconds), given.write)
    finally:
        cluster.stop()
        broker.stop()


def show(name: str, table: Iterable[str], page: Path | None) -> None:
    lines = [f"Load average {os.getloadavg()[0]:.1f} when it began, on {os.cpu_count()} cores.", ""]
    print(*lines, sep="\n")
    for line in table:
        print(line, flush=True)
        lines.append(line)
    if page is not None:
        put_into(page, name, lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=("throughput", "latency"))
    parser.add_argument("--write", type=Path, metavar="PAGE")
    with TemporaryDirectory() as folder:
        measure(parser.parse_args(), Path(folder))


if __name__ == "__main__":
    main()
