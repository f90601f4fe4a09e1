"""How well copies are told from reports: against the pairs of articles that share most of their words."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pipeline.evaluation.scores import Scores
from pipeline.records import Assignment, Role


def score_copies(
    pairs: Iterable[tuple[str, str]], articles: Iterable[Mapping[str, Any]], assignments: Mapping[str, Assignment]
) -> Scores:
    """Score the articles that were called copies, in one order.

    Of each pair the article that came later should be a copy, and no other article. Which of several earlier
    articles it copies is not asked: they are copies of each other. Without a copy found none is wrong, so precision
    is 1; without a pair none is missed, so recall is 1.

    Parameters
    ----------
    pairs
        Ids of two articles that share most of their words.
    articles
        In streaming order; of an id that repeats the first counts.
    assignments
        Where each article ended up, by id.

    Examples
    --------
    >>> copy = Assignment("b", "", "story", Role.COPY)
    >>> score_copies([("b", "a"), ("c", "a")], [{"id": "a"}, {"id": "b"}, {"id": "c"}], {"b": copy})
    Scores(precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    place: dict[str, int] = {}
    for article in articles:
        place.setdefault(article["id"], len(place))
    right = {max(pair, key=place.__getitem__) for pair in pairs}
    found = {assignment.article_id for assignment in assignments.values() if assignment.role is Role.COPY}
    return Scores.of(_share(right & found, found), _share(right & found, right))


def _share(part: Collection[str], whole: Collection[str]) -> float:
    return len(part) / len(whole) if whole else 1.0
