"""How well the stories that were found agree with those that people labelled.

All scores count through the contingency table of the two clusterings, so they take time and memory in the number of
articles, not of pairs of articles.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from math import fsum, log
from typing import NamedTuple


class Scores(NamedTuple):
    """Agreement of a found clustering with a gold one; each figure lies between 0 and 1."""

    precision: float
    """How much of what was put together belongs together."""
    recall: float
    """How much of what belongs together was put together."""
    f1: float
    """Harmonic mean of precision and recall, 0 where both are 0 (a mean of several `Scores` has the mean F1 here)."""

    @classmethod
    def of(cls, precision: float, recall: float) -> "Scores":
        return cls(precision, recall, harmonic_mean(precision, recall))


class Contingency(NamedTuple):
    """How many articles fall into each pair of gold and found story, and into each alone."""

    cells: Counter[tuple[Hashable, Hashable]]
    gold_sizes: Counter[Hashable]
    found_sizes: Counter[Hashable]

    @classmethod
    def of(cls, gold: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> "Contingency":
        """Set a clustering against a gold one; only equality of labels matters.

        Parameters
        ----------
        gold
            Article id to the label that people gave it.
        found
            Article id to the story it was put in; the same ids as `gold`.

        Raises
        ------
        ValueError
            If there is no article, or the two mappings do not hold the same ids; the message names some of them.
        """
        _check_same_articles(gold, found)
        return cls(
            Counter((label, found[article_id]) for article_id, label in gold.items()),
            Counter(gold.values()),
            Counter(found.values()),
        )

    @property
    def num_articles(self) -> int:
        return self.cells.total()


def bcubed(table: Contingency) -> Scores:
    """Score a clustering article by article, with B-cubed.

    An article's precision is the share of its found story that has its gold label, itself included; its recall is
    the share of its gold story that was found with it. The scores are the means over all articles, so a big story
    counts by its articles and not, as it does pairwise, by the square of their number.

    References
    ----------
    Bagga, Baldwin, *Algorithms for Scoring Coreference Chains*, LREC workshop, 1998.
    Amigó, Gonzalo, Artiles, Verdejo, *A comparison of extrinsic clustering evaluation metrics based on formal
    constraints*, Information Retrieval 12, 2009: of the usual metrics only B-cubed meets all their constraints.

    Examples
    --------
    Two gold stories, a to c and d to e, found as a to b and c to e. Precision: 1 for a and b, 1/3 for c, 2/3 for d and
    e, which makes 11/15. Recall: 2/3 for a and b, 1/3 for c, 1 for d and e: 11/15 again.

    >>> gold = {"a": "quake", "b": "quake", "c": "quake", "d": "trial", "e": "trial"}
    >>> found = {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2}
    >>> [round(score, 4) for score in bcubed(Contingency.of(gold, found))]
    [0.7333, 0.7333, 0.7333]

    One story for all: nothing is missed, and precision is (3 * 3/5 + 2 * 2/5) / 5 = 0.52.

    >>> [round(score, 4) for score in bcubed(Contingency.of(gold, dict.fromkeys(gold, 1)))]
    [0.52, 1.0, 0.6842]
    """
    # fsum: the sum must not depend on the order in which stories were met, since orders are compared to each other.
    precision = fsum(n * n / table.found_sizes[f] for (_, f), n in table.cells.items()) / table.num_articles
    recall = fsum(n * n / table.gold_sizes[g] for (g, _), n in table.cells.items()) / table.num_articles
    return Scores.of(precision, recall)


def pairwise(table: Contingency) -> Scores:
    """Score a clustering by its pairs of articles: those put together against those that belong together.

    Where no pair was put together none was wrong, so precision is 1; where no pair belongs together none was missed,
    so recall is 1.

    References
    ----------
    Amigó, Gonzalo, Artiles, Verdejo, *A comparison of extrinsic clustering evaluation metrics based on formal
    constraints*, Information Retrieval 12, 2009, on metrics that count pairs.

    Examples
    --------
    Gold has the pairs ab, ac, bc and de; found are ab, cd, ce and de. Two are shared: 2/4 both ways.

    >>> gold = {"a": "quake", "b": "quake", "c": "quake", "d": "trial", "e": "trial"}
    >>> pairwise(Contingency.of(gold, {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2}))
    Scores(precision=0.5, recall=0.5, f1=0.5)

    Each article alone: no pair is wrong, and all are missed.

    >>> pairwise(Contingency.of(gold, {article_id: article_id for article_id in gold}))
    Scores(precision=1.0, recall=0.0, f1=0.0)
    """
    shared, belonging, together = _pairs(table)
    return Scores.of(shared / together if together else 1.0, shared / belonging if belonging else 1.0)


def adjusted_rand(table: Contingency) -> float:
    """Score a clustering by its pairs against chance: 1 for the gold one, 0 on average for one drawn by lot.

    References
    ----------
    Hubert, Arabie, *Comparing partitions*, Journal of Classification 2, 1985.

    Examples
    --------
    Of ten pairs four belong together and four were put together: by lot 1.6 would be shared, at most 4 can be. Two are.

    >>> gold = {"a": "quake", "b": "quake", "c": "quake", "d": "trial", "e": "trial"}
    >>> round(adjusted_rand(Contingency.of(gold, {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2})), 4)
    0.1667
    """
    shared, belonging, together = _pairs(table)
    by_lot = belonging * together / max(1, _num_pairs([table.num_articles]))
    most = (belonging + together) / 2
    # Both all alone, or both all in one: nothing is left to chance, and they are the same.
    return (shared - by_lot) / (most - by_lot) if most != by_lot else 1.0


def v_measure(table: Contingency) -> float:
    """Score a clustering by what each side tells of the other: the harmonic mean of homogeneity and completeness.

    References
    ----------
    Rosenberg, Hirschberg, *V-Measure: a conditional entropy-based external cluster evaluation measure*, EMNLP, 2007.

    Examples
    --------
    All in one story tells nothing of the labels.

    >>> gold = {"a": "quake", "b": "quake", "c": "trial"}
    >>> v_measure(Contingency.of(gold, dict.fromkeys(gold, 1)))
    0.0
    >>> v_measure(Contingency.of(gold, {"a": 1, "b": 1, "c": 2}))
    1.0
    """
    of_gold, of_found = _entropy(table.gold_sizes.values()), _entropy(table.found_sizes.values())
    told = max(0.0, of_gold + of_found - _entropy(table.cells.values()))
    return harmonic_mean(told / of_gold if of_gold else 1.0, told / of_found if of_found else 1.0)


def mean_scores(scores: Iterable[Scores]) -> Scores:
    """Average precision, recall and F1, each by itself: the F1 is the mean of the F1s.

    Raises
    ------
    ValueError
        If there are no scores.

    Examples
    --------
    >>> mean_scores([Scores(1.0, 0.5, 0.75), Scores(0.5, 0.5, 0.25)])
    Scores(precision=0.75, recall=0.5, f1=0.5)
    """
    columns = list(zip(*scores, strict=True))
    if not columns:
        raise ValueError("no scores to average: give at least one Scores")
    precision, recall, f1 = (fsum(column) / len(column) for column in columns)
    return Scores(precision, recall, f1)


def _check_same_articles(gold: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> None:
    if not gold and not found:
        raise ValueError("no article to score: gold and found are both empty. Were the labels read?")
    for held, lacking, names in ((gold, found, ("gold", "found")), (found, gold, ("found", "gold"))):
        stray = sorted(held.keys() - lacking.keys())
        if stray:
            raise ValueError(
                f"{len(stray)} article ids are in {names[0]} but not in {names[1]}, such as {stray[:3]}: "
                "score the same articles on both sides, an article that was put in no story as a story of its own"
            )


def _pairs(table: Contingency) -> tuple[int, int, int]:
    """Count the pairs of articles that are in one story on both sides, in gold, and as found."""
    return (
        _num_pairs(table.cells.values()),
        _num_pairs(table.gold_sizes.values()),
        _num_pairs(table.found_sizes.values()),
    )


def _num_pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _entropy(sizes: Iterable[int]) -> float:
    sizes = list(sizes)
    total = sum(sizes)
    return -fsum(size / total * log(size / total) for size in sizes)


def harmonic_mean(first: float, second: float) -> float:
    """Give 0 where both are 0.

    Examples
    --------
    >>> harmonic_mean(0.5, 1.0)
    0.6666666666666666
    """
    return 2 * first * second / (first + second) if first + second else 0.0
