"""The product and its peers on the same articles, in the same seeded orders."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from connectors.parsing import parse
from pipeline.config import DetectionConfig
from pipeline.evaluation.evaluate import Clusterer, evaluate
from pipeline.evaluation.gold import GoldSet
from pipeline.hosts.clustering import Clustering
from pipeline.records import Assignment, Role, StoryEvent
from tests.benchmarks.peers.rules import Peer
from tests.benchmarks.peers.texts import Texts
from tests.benchmarks.sampling import PLAUSIBLE

Languages = dict[str, tuple[list[str], Texts]]


class Best(NamedTuple):
    """What a peer reaches with the threshold that is best in hindsight, for each language by itself."""

    f1: float
    """Mean over the languages."""
    thresholds: tuple[float, ...]
    """All that are best for some language, in ascending order."""


class Comparison:
    """One set; what the thresholds of all peers have in common is worked out once.

    Parameters
    ----------
    gold
        The set.
    orders
        How many seeded orders to average over.
    """

    def __init__(self, gold: GoldSet, orders: int) -> None:
        self._gold = gold
        self._orders = orders
        self._of_order: dict[tuple[str, ...], Languages] = {}

    def default(self) -> float:
        """Give the B-cubed F1 of the product with its default configuration, mean over the languages."""
        return fmean(
            self._f1s(Clustering(partial(parse, plausible=PLAUSIBLE), DetectionConfig()), self._orders).values()
        )

    def best_in_hindsight(self, peer: Peer) -> Best:
        """Try every threshold of a peer on the whole set; of equally good ones the lowest is told."""
        orders = self._orders if peer.in_one_pass else 1
        tried = {each: self._f1s(self._clusterer(peer, each), orders) for each in peer.thresholds}
        languages = next(iter(tried.values()))
        best = {language: max(peer.thresholds, key=lambda each: tried[each][language]) for language in languages}
        f1 = fmean(tried[each][language] for language, each in best.items())
        return Best(f1, tuple(sorted(set(best.values()))))

    def _f1s(self, cluster: Clusterer, orders: int) -> dict[str, float]:
        by_language = evaluate(self._gold, cluster=cluster, orders=orders).by_language
        return {language: agreement.bcubed.f1 for language, agreement in by_language.items()}

    def _clusterer(self, peer: Peer, threshold: float) -> Clusterer:
        def cluster(articles: Sequence[dict[str, Any]]) -> tuple[dict[str, Assignment], list[StoryEvent]]:
            found = {}
            for language, (ids, texts) in self._languages(articles).items():
                for article_id, story in zip(ids, peer.cluster(texts, threshold), strict=True):
                    found[article_id] = Assignment(article_id, "", f"{language}:{story}", Role.REPORT)
            return found, []

        return cluster

    def _languages(self, articles: Sequence[dict[str, Any]]) -> Languages:
        order = tuple(article["id"] for article in articles)
        if order not in self._of_order:
            by_language = defaultdict(list)
            for article in articles:
                by_language[article.get("lang") or ""].append(article)
            self._of_order[order] = {
                language: ([article["id"] for article in each], Texts(each)) for language, each in by_language.items()
            }
        return self._of_order[order]
