"""Measure how fast the product is, beside what users have at hand.

Usage: python -m tests.benchmarks.speed [--articles N] [--rounds N] [--json FILE] [--skip PART] DATA

DATA is a folder with ``throughput_mix.jsonl.xz``, beside a folder ``articles`` of five. Each side runs `--rounds` times
in turn with the others, and the least CPU time counts. Ratios come first: absolute figures are those of one machine.
"""

import lzma
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from pipeline.evaluation.report import plain_table
from tests.benchmarks.speed import core, peers, starting
from tests.benchmarks.speed.measuring import Wanted, machine, measure

LONG_CHARACTERS = 3_000
_NUM_TOKEN_SETS = 3_000
_NUM_STREAMED = 300

WANTED = (
    Wanted("core", "TfidfVectorizer", 1.5),
    Wanted("core", "river TextClust", 1 / 50),
    Wanted("core of long articles", "TfidfVectorizer of long articles", 1.5),
    Wanted("embedded host", "core", 1.2),
    Wanted("Beam graph", "core", 1.5),
    Wanted("Beam graph", "TfidfVectorizer", 2.25),
    Wanted("signature", "datasketch MinHash.bulk", 1 / 3),
    Wanted("signature", "rensa", 2.0),
    Wanted("wirewatch --help", "import apache_beam", 0.25),
    Wanted("replay of five articles", "import apache_beam", 3.0),
)
"""What the project has set itself. Other ratios are shown too, without a bound."""

SHOWN = (
    *WANTED,
    Wanted("parse", "core", 0.0),
    Wanted("core, words known", "TfidfVectorizer", 0.0),
    Wanted("sketch", "core", 0.0),
    Wanted("detect", "core", 0.0),
    Wanted("bucket index", "datasketch MinHashLSH", 0.0),
)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--skip", action="append", default=[], choices=["core", "hosts", "minhash", "start"])
    options = parser.parse_args()
    with lzma.open(options.data / "throughput_mix.jsonl.xz") as file:
        lines = [line.rstrip() for line in islice(file, options.articles)]
    parts: dict[str, Callable[[], dict[str, float]]] = {
        "core": lambda: _core(lines, options.rounds),
        "hosts": lambda: measure(core.hosts(lines), options.rounds),
        "minhash": lambda: _minhash(lines, options.rounds),
        "start": lambda: measure(starting.starts(options.data.parent / "articles"), options.rounds + 1),
    }
    seconds: dict[str, float] = {}
    for name, part in parts.items():
        if name not in options.skip:
            seconds |= part()
    results = {"machine": machine(), "articles": len(lines), "seconds": seconds, "ratios": _ratios(seconds)}
    _show(results)
    if options.json:
        options.json.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))


def _core(lines: list[bytes], rounds: int) -> dict[str, float]:
    raws = core.raw_articles(lines)
    articles = core.parsed(raws)
    seconds = measure([*core.stages(raws), peers.text_handling(articles)], rounds)
    seconds |= measure([peers.stream_clustering(articles[:_NUM_STREAMED])], 1)
    long = [
        place for place, article in enumerate(articles) if len(article.title) + len(article.text) >= LONG_CHARACTERS
    ]
    *_, whole, _ = core.stages([raws[place] for place in long])
    sides = whole, peers.text_handling([articles[place] for place in long])
    return seconds | {f"{name} of long articles": taken for name, taken in measure(sides, rounds).items()}


def _minhash(lines: list[bytes], rounds: int) -> dict[str, float]:
    sets = peers.token_sets(core.parsed(core.raw_articles(lines[:_NUM_TOKEN_SETS])))
    peers.check_equal(sets)
    return measure([*peers.minhashes(sets), *peers.indexes(sets)], rounds + 1)


def _ratios(seconds: dict[str, float]) -> list[dict[str, Any]]:
    return [
        {"side": side, "yardstick": yardstick, "ratio": seconds[side] / seconds[yardstick], "wanted": most or None}
        for side, yardstick, most in SHOWN
        if side in seconds and yardstick in seconds
    ]


def _show(results: dict[str, Any]) -> None:
    ratios = plain_table("side", "yardstick", "ratio of times", "wanted at most")
    for row in results["ratios"]:
        wanted = "" if row["wanted"] is None else f"{row['wanted']:.3g}"
        ratios.add_row(row["side"], row["yardstick"], f"{row['ratio']:.3g}", wanted)
    times = plain_table("side", "CPU microseconds an item")
    for name, taken in results["seconds"].items():
        times.add_row(name, f"{taken * 1e6:,.0f}")
    console = Console(width=120)
    for table in (ratios, times):
        console.print(table)
    console.print({"articles": results["articles"], **results["machine"]})


if __name__ == "__main__":
    main()
