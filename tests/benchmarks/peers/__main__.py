"""Compare the product with what a user would pick instead.

Usage: python -m tests.benchmarks.peers [--orders N] [--most N] [--skip PEER] GOLD...

Prints the B-cubed F1 of the product with its default configuration, and of each peer with the threshold that is best
for each set in hindsight, in the same seeded orders (1 by default). `--most N` draws N articles by lot
from a larger set, always the same.
"""

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from connectors.parsing import parse
from pipeline.config import DetectionConfig
from pipeline.evaluation.evaluate import Clusterer, evaluate
from pipeline.evaluation.gold import GoldSet, read_gold
from pipeline.evaluation.report import plain_table
from pipeline.hosts.clustering import Clustering
from pipeline.records import Assignment, Role, StoryEvent
from tests.benchmarks.peers.rules import PEERS, Peer
from tests.benchmarks.peers.texts import Texts
from tests.benchmarks.sampling import PLAUSIBLE, sampled

Languages = dict[str, tuple[list[str], Texts]]


class Prepared:
    """The orders of a set, each with its texts language by language: what all thresholds of all peers share."""

    def __init__(self) -> None:
        self._of_order: dict[tuple[str, ...], Languages] = {}

    def languages(self, articles: Sequence[dict[str, Any]]) -> Languages:
        order = tuple(article["id"] for article in articles)
        if order not in self._of_order:
            by_language = defaultdict(list)
            for article in articles:
                by_language[article.get("lang") or ""].append(article)
            self._of_order[order] = {
                language: ([article["id"] for article in each], Texts(each)) for language, each in by_language.items()
            }
        return self._of_order[order]


def clusterer(peer: Peer, threshold: float, prepared: Prepared) -> Clusterer:
    def cluster(articles: Sequence[dict[str, Any]]) -> tuple[dict[str, Assignment], list[StoryEvent]]:
        found = {}
        for language, (ids, texts) in prepared.languages(articles).items():
            for article_id, story in zip(ids, peer.cluster(texts, threshold), strict=True):
                found[article_id] = Assignment(article_id, "", f"{language}:{story}", Role.REPORT)
        return found, []

    return cluster


def best_in_hindsight(gold: GoldSet, peer: Peer, prepared: Prepared, orders: int) -> str:
    if len(gold.articles) > peer.most_articles:
        return "-"
    f1s = {}
    for threshold in peer.thresholds:
        f1s[threshold] = evaluate(gold, cluster=clusterer(peer, threshold, prepared), orders=orders).scores.bcubed.f1
    threshold, f1 = max(f1s.items(), key=lambda item: item[1])
    return f"{f1:.3f} ({threshold:g})"


def default(gold: GoldSet, orders: int) -> float:
    clustering = Clustering(partial(parse, plausible=PLAUSIBLE), DetectionConfig())
    return evaluate(gold, cluster=clustering, orders=orders).scores.bcubed.f1


def main(paths: Sequence[Path], peers: Sequence[Peer], orders: int, most: int | None) -> None:
    table = plain_table("set", "articles", "Wirewatch", *(peer.name for peer in peers))
    for path in paths:
        gold = sampled(read_gold(path), most)
        prepared = Prepared()
        best = [best_in_hindsight(gold, peer, prepared, orders) for peer in peers]
        table.add_row(gold.name, str(len(gold.articles)), f"{default(gold, orders):.3f}", *best)
    Console(width=140).print(table)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.benchmarks.peers")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--orders", type=int, default=1)
    parser.add_argument("--most", type=int)
    parser.add_argument("--skip", action="append", default=[], choices=[peer.name for peer in PEERS])
    arguments = parser.parse_args()
    chosen = [peer for peer in PEERS if peer.name not in arguments.skip]
    main(arguments.gold, chosen, arguments.orders, arguments.most)
