"""`wirewatch evaluate`: stream gold sets through detection in several orders and score the stories it finds."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.table import Table

from pipeline.evaluation.gold import GoldSet
from pipeline.evaluation.scores import Scores, bcubed, mean_scores, pairwise
from pipeline.evaluation.streams import Stream, dated_stream, seeded_streams

Clusterer = Callable[[Sequence[dict[str, Any]]], Mapping[str, str | None]]
"""Takes articles as JSON objects in streaming order, each with ``observed_at``; gives the final story of each id.

An id may be missing, or have no story, if its article was dead-lettered.
"""

UNKNOWN_LANGUAGE = "und"
"""Stands for articles without a language in `Evaluation.by_language`; the BCP 47 tag of an undetermined one."""


class Agreement(NamedTuple):
    """Both scores of one clustering, or the means of several."""

    bcubed: Scores
    pairwise: Scores


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
    runs = [_run(gold.name, labels, stream, cluster) for stream in streams]
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
        num_unplaced=max(run.num_unplaced for run in runs),
        num_undated=max(run.num_undated for run in runs),
    )


def to_dict(evaluations: Iterable[Evaluation]) -> dict[str, Any]:
    """Give evaluations as JSON: each set's name to its figures.

    ``unplaced`` and ``undated`` are there only where they are not 0.

    Raises
    ------
    ValueError
        If two sets have the same name.
    """
    document: dict[str, Any] = {}
    for evaluation in evaluations:
        if evaluation.name in document:
            raise ValueError(
                f"two gold sets are named {evaluation.name!r}, so one would hide the other: rename one of the files "
                "(a set's name is its file's, up to the first dot)"
            )
        troubles = {"unplaced": evaluation.num_unplaced, "undated": evaluation.num_undated}
        document[evaluation.name] = {
            **_agreement_dict(evaluation.scores),
            "f1_spread": evaluation.f1_spread,
            "by_language": {language: _agreement_dict(scores) for language, scores in evaluation.by_language.items()},
            "articles": evaluation.num_articles,
            "labelled": evaluation.num_labelled,
            "stories": evaluation.num_stories,
            "orders": evaluation.num_orders,
            **{name: count for name, count in troubles.items() if count},
        }
    return document


def render_table(evaluations: Iterable[Evaluation]) -> Table:
    """Draw evaluations for a terminal of 80 columns: a row a set, and one a language where there are several."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, caption_justify="left")
    table.add_column("set", no_wrap=True)
    for heading in ("scored", "stories", "B³ P", "B³ R", "B³ F1", "spread", "pair P", "pair R", "pair F1"):
        table.add_column(heading, justify="right", no_wrap=True)
    notes = ["P, R, F1: means over the seeded orders. spread: highest minus lowest B³ F1 over the orders."]
    for evaluation in evaluations:
        scored = f"{evaluation.num_labelled}/{evaluation.num_articles}"
        spread = f"{evaluation.f1_spread:.3f}" if evaluation.num_orders > 1 else "-"
        table.add_row(evaluation.name, scored, str(evaluation.num_stories), *_cells(evaluation.scores, spread))
        if len(evaluation.by_language) > 1:
            for language, scores in evaluation.by_language.items():
                table.add_row(f"  {language}", "", "", *_cells(scores, ""))
        notes += _notes(evaluation)
    table.caption = "\n".join(notes)
    return table


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
    num_unplaced: int
    num_undated: int


def _run(name: str, labels: Mapping[str, Mapping[str, str]], stream: Stream, cluster: Clusterer) -> _Run:
    found = cluster(stream.articles)
    ids = [article_id for of_language in labels.values() for article_id in of_language]
    unplaced = [article_id for article_id in ids if found.get(article_id) is None]
    if len(unplaced) == len(ids):
        raise ValueError(
            f"{name}: none of its {len(ids)} labelled articles was put in a story, such as {ids[0]!r}: "
            f"does the clusterer keep the articles' ids? It knows {sorted(found)[:3]}"
        )
    # A tuple equals no story id, so an article without a story stands alone whatever its id.
    placed = {**found, **{article_id: (article_id,) for article_id in unplaced}}
    by_language = {language: _agreement(of_language, placed) for language, of_language in labels.items()}
    return _Run(by_language, len(unplaced), stream.num_undated)


def _agreement(labels: Mapping[str, str], placed: Mapping[str, Hashable]) -> Agreement:
    found = {article_id: placed[article_id] for article_id in labels}
    return Agreement(bcubed(labels, found), pairwise(labels, found))


def _mean(agreements: Iterable[Agreement]) -> Agreement:
    columns = zip(*agreements, strict=True)
    return Agreement(*map(mean_scores, columns))


def _agreement_dict(scores: Agreement) -> dict[str, Any]:
    return {"bcubed": scores.bcubed._asdict(), "pairwise": scores.pairwise._asdict()}


def _cells(scores: Agreement, spread: str) -> tuple[str, ...]:
    return (*(f"{x:.3f}" for x in scores.bcubed), spread, *(f"{x:.3f}" for x in scores.pairwise))


def _notes(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.num_unplaced:
        yield f"{evaluation.name}: {evaluation.num_unplaced} got no story; each is scored as a story of its own."
    if evaluation.num_undated:
        yield f"{evaluation.name}: {evaluation.num_undated} have no date and stand at the set's earliest."
