"""Compare the product with what a user would pick instead.

Usage: nice python -m tests.benchmarks.peers [--orders N] [--most N] [--skip PEER] [--write PAGE] GOLD...

Prints, as a table in Markdown, the B-cubed F1 of the product with its default configuration, and of each peer with the
threshold (in brackets) that is best in hindsight for each set, and for each language of it, in the same five seeded
orders; what sees the whole set at once is run once. A peer that would take too long on a set is run on articles drawn
by lot, and the product and all others on the same ones, in a row of their own. `--most N` draws N articles by lot from
every larger set. `--write PAGE` puts the table into a page of the documentation, in place of the last one.

Memory grows with the square of a set: each order keeps the cosines of all pairs of its articles, four bytes each.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.evaluation.gold import GoldSet, read_gold
from tests.benchmarks.documenting import bold, heading, put_into, row
from tests.benchmarks.peers.comparing import Comparison
from tests.benchmarks.peers.rules import PEERS, Peer
from tests.benchmarks.sampling import sampled


def runs(gold: GoldSet, peers: Sequence[Peer]) -> Iterator[GoldSet]:
    """Give the set, and the part of it on which all peers can be run, if that is another."""
    yield gold
    part = sampled(gold, min((peer.most_articles for peer in peers), default=None))
    if part is not gold:
        yield part


def compared(gold: GoldSet, peers: Sequence[Peer], orders: int) -> str:
    """Give the row of a set; the best figure is bold, and a peer that would take too long has none."""
    comparison = Comparison(gold, orders)
    default = comparison.default()
    best = [comparison.best_in_hindsight(peer) if len(gold.articles) <= peer.most_articles else None for peer in peers]
    highest = max(default, *(each.f1 for each in best if each))
    cells = (f"{figure(each.f1, highest)} ({span(each.thresholds)})" if each else "" for each in best)
    return row(gold.name, f"{len(gold.articles):,}", figure(default, highest), *cells)


def figure(f1: float, highest: float) -> str:
    told = f"{f1:.3f}"
    return bold(told) if told == f"{highest:.3f}" else told


def span(thresholds: Sequence[float]) -> str:
    return "–".join(f"{each:g}" for each in sorted({thresholds[0], thresholds[-1]}))


def main(paths: Sequence[Path], peers: Sequence[Peer], orders: int, most: int | None, page: Path | None) -> None:
    lines = [heading("set", "articles", "Wirewatch", *(peer.name for peer in peers))]
    print(lines[0], flush=True)
    for path in paths:
        for gold in runs(sampled(read_gold(path), most), peers):
            lines.append(compared(gold, peers, orders))
            print(lines[-1], flush=True)
    if page is not None:
        put_into(page, "peers", lines)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.benchmarks.peers")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--orders", type=int, default=5)
    parser.add_argument("--most", type=int)
    parser.add_argument("--skip", action="append", default=[], choices=[peer.name for peer in PEERS])
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    chosen = [peer for peer in PEERS if peer.name not in arguments.skip]
    main(arguments.gold, chosen, arguments.orders, arguments.most, arguments.write)
