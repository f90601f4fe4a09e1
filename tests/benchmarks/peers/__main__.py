"""Compare the product with what a user would pick instead.

Usage: python -m tests.benchmarks.peers [--orders N] [--most N] GOLD...

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
from pipeline.evaluation.evaluate import Clusterer, Evaluation, evaluate
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


def default(gold: GoldSet, orders: int) -> Evaluation:
    clustering = Clustering(partial(parse, plausible=PLAUSIBLE), DetectionConfig())
    return evaluate(gold, cluster=clustering, orders=orders)


def main(paths: Sequence[Path], orders: int, most: int | None) -> None:
    table = plain_table("set", "articles", "Wirewatch", *(peer.name for peer in PEERS))
    for path in paths:
        gold = sampled(read_gold(path), most)
        prepared = Prepared()
        peers = [best_in_hindsight(gold, peer, prepared, orders) for peer in PEERS]
        f1 = default(gold, orders).scores.bcubed.f1
        table.add_row(gold.name, str(len(gold.articles)), f"{f1:.3f}", *peers)
        print(gold.name, f"{f1:.3f}", *peers, flush=True)
    Console(width=140).print(table)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.benchmarks.peers")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--orders", type=int, default=1)
    parser.add_argument("--most", type=int)
    arguments = parser.parse_args()
    main(arguments.gold, arguments.orders, arguments.most)
