"""How well the stories that were found agree with those that people labelled: B-cubed and pairwise scores.

Both count through the contingency table of the two clusterings, so they take time and memory in the number of
articles, not of pairs of articles.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from math import fsum
from typing import NamedTuple


class Scores(NamedTuple):
    """Agreement of a found clustering with a gold one; each figure lies between 0 and 1."""

    precision: float
    """How much of what was put together belongs together."""
    recall: float
    """How much of what belongs together was put together."""
    f1: float
    """Harmonic mean of precision and recall, 0 where both are 0 (a mean of several `Scores` has the mean F1 here)."""


def bcubed(gold: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> Scores:
    """Score a clustering article by article, with B-cubed.

    An article's precision is the share of its found story that has its gold label, itself included; its recall is
    the share of its gold story that was found with it. The scores are the means over all articles, so a big story
    counts by its articles and not, as it does pairwise, by the square of their number.

    Parameters
    ----------
    gold
        Article id to the label that people gave it.
    found
        Article id to the story it was put in; the same ids as `gold`. Only equality of labels matters.

    Returns
    -------
    Scores
        Precision, recall and F1. They do not depend on the order of the mappings, to the last bit.

    Raises
    ------
    ValueError
        If there is no article, or the two mappings do not hold the same ids; the message names some of them.

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
    >>> [round(score, 4) for score in bcubed(gold, found)]
    [0.7333, 0.7333, 0.7333]

    One story for all: nothing is missed, and precision is (3 * 3/5 + 2 * 2/5) / 5 = 0.52.

    >>> [round(score, 4) for score in bcubed(gold, dict.fromkeys(gold, 1))]
    [0.52, 1.0, 0.6842]
    """
    table = _Contingency.of(gold, found)
    # fsum: the sum must not depend on the order in which stories were met, since orders are compared to each other.
    precision = fsum(n * n / table.found_sizes[f] for (_, f), n in table.cells.items()) / len(gold)
    recall = fsum(n * n / table.gold_sizes[g] for (g, _), n in table.cells.items()) / len(gold)
    return _scores(precision, recall)


def pairwise(gold: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> Scores:
    """Score a clustering by its pairs of articles: those put together against those that belong together.

    Where no pair was put together none was wrong, so precision is 1; where no pair belongs together none was missed,
    so recall is 1.

    Parameters
    ----------
    gold
        Article id to the label that people gave it.
    found
        Article id to the story it was put in; the same ids as `gold`. Only equality of labels matters.

    Returns
    -------
    Scores
        Precision, recall and F1 over unordered pairs of different articles.

    Raises
    ------
    ValueError
        If there is no article, or the two mappings do not hold the same ids; the message names some of them.

    References
    ----------
    Amigó, Gonzalo, Artiles, Verdejo, *A comparison of extrinsic clustering evaluation metrics based on formal
    constraints*, Information Retrieval 12, 2009, on metrics that count pairs.

    Examples
    --------
    Gold has the pairs ab, ac, bc and de; found are ab, cd, ce and de. Two are shared: 2/4 both ways.

    >>> gold = {"a": "quake", "b": "quake", "c": "quake", "d": "trial", "e": "trial"}
    >>> pairwise(gold, {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2})
    Scores(precision=0.5, recall=0.5, f1=0.5)

    Each article alone: no pair is wrong, and all are missed.

    >>> pairwise(gold, {article_id: article_id for article_id in gold})
    Scores(precision=1.0, recall=0.0, f1=0.0)
    """
    table = _Contingency.of(gold, found)
    shared = _num_pairs(table.cells.values())
    together = _num_pairs(table.found_sizes.values())
    belonging = _num_pairs(table.gold_sizes.values())
    return _scores(shared / together if together else 1.0, shared / belonging if belonging else 1.0)


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


class _Contingency(NamedTuple):
    """How many articles fall into each pair of gold and found story, and into each alone."""

    cells: Counter[tuple[Hashable, Hashable]]
    gold_sizes: Counter[Hashable]
    found_sizes: Counter[Hashable]

    @classmethod
    def of(cls, gold: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> "_Contingency":
        _check_same_articles(gold, found)
        return cls(
            Counter((label, found[article_id]) for article_id, label in gold.items()),
            Counter(gold.values()),
            Counter(found.values()),
        )


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


def _num_pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def _scores(precision: float, recall: float) -> Scores:
    total = precision + recall
    return Scores(precision, recall, 2 * precision * recall / total if total else 0.0)
