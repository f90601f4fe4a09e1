"""What `wirewatch evaluate` shows of its evaluations: tables for a terminal, or JSON."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table

from pipeline.evaluation.evaluate import Agreement, Evaluation


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
            **({"copies": evaluation.copies._asdict()} if evaluation.copies else {}),
            "emergence": _emergence_dict(evaluation),
            **{name: count for name, count in troubles.items() if count},
        }
    return document


def render(evaluations: Sequence[Evaluation]) -> Group:
    """Draw evaluations for a terminal of 80 columns: how good the stories are, then the copies and the emergence."""
    return Group(_table_of_stories(evaluations), "", _table_of_emergence(evaluations))


def plain_table(*headings: str) -> Table:
    """Begin a table without lines: names to the left, figures to the right."""
    table = Table(box=None, pad_edge=False, collapse_padding=True, caption_justify="left")
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _table_of_stories(evaluations: Iterable[Evaluation]) -> Table:
    """Give each set a row, and each language where there are several."""
    table = plain_table("set", "scored", "stories", "B³ P", "B³ R", "B³ F1", "spread", "pair F1", "ARI", "V")
    notes = ["P, R, F1: means over the orders. spread: highest minus lowest B³ F1 over them."]
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


def _table_of_emergence(evaluations: Iterable[Evaluation]) -> Table:
    table = plain_table("set", "copy P", "copy R", "emerged", "false", "after articles", "hours")
    for evaluation in evaluations:
        copies = (
            [f"{evaluation.copies.precision:.3f}", f"{evaluation.copies.recall:.3f}"] if evaluation.copies else "--"
        )
        emergence = evaluation.emergence
        hours = emergence.hours if evaluation.by_date else None
        table.add_row(
            evaluation.name,
            *copies,
            f"{emergence.share:.0%}",
            f"{emergence.false_share:.1%}",
            _median_and_p90(emergence.articles),
            _median_and_p90(hours),
        )
    table.caption = (
        "emerged: labelled stories that did. false: stories that emerged from articles without a label.\n"
        "after articles, hours: median and 90th percentile of a story's own until it emerged."
    )
    return table


def _agreement_dict(scores: Agreement) -> dict[str, Any]:
    return {**scores._asdict(), "bcubed": scores.bcubed._asdict(), "pairwise": scores.pairwise._asdict()}


def _emergence_dict(evaluation: Evaluation) -> dict[str, Any]:
    emergence = evaluation.emergence
    delays = {"articles": emergence.articles, "hours": emergence.hours if evaluation.by_date else None}
    return {
        "share": emergence.share,
        "false_share": emergence.false_share,
        **{name: dict(zip(("median", "p90"), values, strict=True)) for name, values in delays.items() if values},
    }


def _cells(scores: Agreement, spread: str) -> tuple[str, ...]:
    last = scores.pairwise.f1, scores.adjusted_rand, scores.v_measure
    return (*(f"{x:.3f}" for x in scores.bcubed), spread, *(f"{x:.3f}" for x in last))


def _median_and_p90(values: tuple[float, float] | None) -> str:
    return f"{values[0]:.3g} / {values[1]:.3g}" if values else "-"


def _notes(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.num_unplaced:
        yield f"{evaluation.name}: {evaluation.num_unplaced} got no story; each is scored as a story of its own."
    if evaluation.num_undated:
        yield f"{evaluation.name}: {evaluation.num_undated} have no date and stand at the set's earliest."
