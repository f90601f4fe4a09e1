"""Stream gold sets through detection in several orders and score what it finds."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, NamedTuple

from pipeline.evaluation.copies import score_copies
from pipeline.evaluation.emergence import Emerged, Emergence, emerged_in, summarise
from pipeline.evaluation.gold import GoldSet
from pipeline.evaluation.scores import Contingency, Scores, adjusted_rand, bcubed, mean_scores, pairwise, v_measure
from pipeline.evaluation.streams import Stream, dated_stream, seeded_streams
from pipeline.records import Assignment, StoryEvent

Clusterer = Callable[[Sequence[dict[str, Any]]], tuple[Mapping[str, Assignment], Sequence[StoryEvent]]]
"""Takes articles as JSON objects in streaming order, each with ``observed_at``.

Gives where the article of each id ended up, and the story events in order of time. An id may be missing, or have no
story, if its article was dead-lettered.
"""

UNKNOWN_LANGUAGE = "und"
"""Stands for articles without a language in `Evaluation.by_language`; the BCP 47 tag of an undetermined one."""


class Agreement(NamedTuple):
    """All scores of one clustering, or the means of several."""

    bcubed: Scores
    pairwise: Scores
    adjusted_rand: float
    v_measure: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well detection did on one gold set."""

    name: str
    scores: Agreement
    """Means over the orders of the means over the languages; the F1 is the mean of F1s."""
    f1_spread: float
    """Highest minus lowest B-cubed F1 of the set over its orders; 0 for one order."""
    by_language: Mapping[str, Agreement]
    """Means over the orders, for each language that has labels, by name."""
    num_articles: int
    """Articles streamed; revisions of an article count with it."""
    num_labelled: int
    """Articles scored."""
    num_stories: int
    """Different gold labels, over all languages."""
    num_orders: int
    emergence: Emergence
    """When the labelled stories emerged, over all orders."""
    by_date: bool = False
    """Whether event time was the articles' own."""
    copies: Scores | None = None
    """Mean over the orders; none if the set does not say which articles are copies."""
    num_unplaced: int = 0
    """Labelled articles that got no story, in the worst order; each is scored as a story of its own."""
    num_undated: int = 0
    """Articles put at the set's earliest date, since they brought none (only by date)."""


def evaluate(gold: GoldSet, *, cluster: Clusterer, orders: int = 5, by_date: bool = False) -> Evaluation:
    """Stream a gold set through `cluster` and score the labelled articles.

    Articles of all languages are streamed together and scored language by language; the set's figures are the means
    over its languages. An article that got no story is scored as a story of its own.

    Parameters
    ----------
    gold
        The set; see `pipeline.evaluation.gold.read_gold`.
    cluster
        Called once for each order, always with all articles.
    orders
        How many orders, seeded 0 to ``orders - 1``. Article *k* of an order, from 0, has event time ``BASE_TIME`` +
        60 s * k, and no other date.
    by_date
        Stream once, in the order of ``published_at``, which is the event time; `orders` is then not used.

    Raises
    ------
    ValueError
        If `orders` is under 1, no article has a label (or, by date, a date), or `cluster` knows none of the ids.
    """
    if orders < 1:
        raise ValueError(f"orders is {orders}: it must be at least 1, since each order is one run to average")
    labels = _labels_by_language(gold)
    streams = [dated_stream(gold)] if by_date else seeded_streams(gold, orders)
    runs = [_run(gold, labels, stream, cluster) for stream in streams]
    f1s = [_mean(run.by_language.values()).bcubed.f1 for run in runs]
    by_language = {language: _mean(run.by_language[language] for run in runs) for language in labels}
    return Evaluation(
        name=gold.name,
        # Every run scores the same languages, so the mean over languages and the mean over orders commute.
        scores=_mean(by_language.values()),
        f1_spread=max(f1s) - min(f1s),
        by_language=by_language,
        num_articles=len({article.id for article in gold.articles}),
        num_labelled=sum(map(len, labels.values())),
        num_stories=len({label for of_language in labels.values() for label in of_language.values()}),
        num_orders=len(runs),
        emergence=summarise([run.emerged for run in runs]),
        by_date=by_date,
        copies=None if gold.copies is None else mean_scores(run.copies for run in runs if run.copies),
        num_unplaced=max(run.num_unplaced for run in runs),
        num_undated=max(run.num_undated for run in runs),
    )


def _labels_by_language(gold: GoldSet) -> dict[str, dict[str, str]]:
    """Collect id to label for each language, by name; the first labelled revision of an article speaks for it."""
    first = {article.id: article for article in reversed(gold.articles) if article.label is not None}
    if not first:
        raise ValueError(f"{gold.name}: no article has a label, so there is nothing to score: give a labelled set")
    labels: dict[str, dict[str, str]] = {}
    for article_id, article in first.items():
        labels.setdefault(article.language or UNKNOWN_LANGUAGE, {})[article_id] = str(article.label)
    return dict(sorted(labels.items()))


class _Run(NamedTuple):
    """What one order gave."""

    by_language: dict[str, Agreement]
    emerged: Emerged
    copies: Scores | None
    num_unplaced: int
    num_undated: int


def _run(gold: GoldSet, labels: Mapping[str, Mapping[str, str]], stream: Stream, cluster: Clusterer) -> _Run:
    assignments, events = cluster(stream.articles)
    found = {article_id: assignment.story_id for article_id, assignment in assignments.items()}
    # Languages may share a label, but not a story.
    by_id = {article_id: (language, of[article_id]) for language, of in labels.items() for article_id in of}
    unplaced = [article_id for article_id in by_id if found.get(article_id) is None]
    if len(unplaced) == len(by_id):
        raise ValueError(
            f"{gold.name}: none of its {len(by_id)} labelled articles was put in a story, such as {unplaced[0]!r}: "
            f"does the clusterer keep the articles' ids? It knows {sorted(found)[:3]}"
        )
    # A tuple equals no story id, so an article without a story stands alone whatever its id.
    placed = {**found, **{article_id: (article_id,) for article_id in unplaced}}
    return _Run(
        by_language={language: _agreement(of_language, placed) for language, of_language in labels.items()},
        emerged=emerged_in(by_id, stream.articles, events),
        copies=None if gold.copies is None else score_copies(gold.copies, stream.articles, assignments),
        num_unplaced=len(unplaced),
        num_undated=stream.num_undated,
    )


def _agreement(labels: Mapping[str, str], placed: Mapping[str, Hashable]) -> Agreement:
    table = Contingency.of(labels, {article_id: placed[article_id] for article_id in labels})
    return Agreement(bcubed(table), pairwise(table), adjusted_rand(table), v_measure(table))


def _mean(agreements: Iterable[Agreement]) -> Agreement:
    bcubeds, pairwises, rands, measures = zip(*agreements, strict=True)
    return Agreement(mean_scores(bcubeds), mean_scores(pairwises), _average(rands), _average(measures))


def _average(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
