from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, v_measure_score

from pipeline.evaluation.scores import Contingency, Scores, adjusted_rand, bcubed, mean_scores, pairwise, v_measure


class Example(NamedTuple):
    gold: str
    """One letter an article: its label."""
    found: str
    bcubed: tuple[float, float]
    pairwise: tuple[float, float]


# Precision and recall worked out by hand.
EXAMPLES = {
    "perfect under other names": Example("aab", "yyx", (1, 1), (1, 1)),
    "one story for all": Example("aaab", "xxxx", (10 / 16, 1), (3 / 6, 1)),
    "each article alone": Example("aaab", "wxyz", (1, (1 + 1) / 4), (1, 0)),
    "one story torn in two": Example("aaaa", "xxyy", (1, 1 / 2), (1, 2 / 6)),
    # Bagga and Baldwin 1998: merging the two big chains costs more than merging a big one and the small one.
    "first response of Bagga and Baldwin": Example(
        "aaaaabbccccc", "xxxxxyyyyyyy", ((5 + 2 * 2 / 7 + 5 * 5 / 7) / 12, 1), ((10 + 1 + 10) / (10 + 21), 1)
    ),
    "second response of Bagga and Baldwin": Example(
        "aaaaabbccccc", "xxxxxyyxxxxx", ((10 * 5 / 10 + 2) / 12, 1), ((10 + 1 + 10) / (45 + 1), 1)
    ),
}

articles = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), min_size=1, max_size=40)


def labelled(labels: str) -> dict[str, str]:
    return {f"article {place}": label for place, label in enumerate(labels)}


def both(pairs: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    gold, found = zip(*pairs, strict=True)
    return labelled(gold), labelled(found)


def naive_bcubed(gold: dict[str, str], found: dict[str, str]) -> tuple[float, float]:
    precision = recall = 0.0
    for one in gold:
        its_story = {other for other in gold if found[other] == found[one]}
        its_label = {other for other in gold if gold[other] == gold[one]}
        precision += len(its_story & its_label) / len(its_story)
        recall += len(its_story & its_label) / len(its_label)
    return precision / len(gold), recall / len(gold)


def naive_pairwise(gold: dict[str, str], found: dict[str, str]) -> tuple[float, float]:
    belonging = {pair for pair in combinations(gold, 2) if gold[pair[0]] == gold[pair[1]]}
    together = {pair for pair in combinations(gold, 2) if found[pair[0]] == found[pair[1]]}
    shared = len(belonging & together)
    return (shared / len(together) if together else 1.0, shared / len(belonging) if belonging else 1.0)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_scores_are_those_worked_out_by_hand(example: Example) -> None:
    gold, found = labelled(example.gold), labelled(example.found)

    assert bcubed(Contingency.of(gold, found))[:2] == pytest.approx(example.bcubed)
    assert pairwise(Contingency.of(gold, found))[:2] == pytest.approx(example.pairwise)


@given(articles)
def test_scores_are_those_of_the_naive_implementation(pairs: list[tuple[str, str]]) -> None:
    gold, found = both(pairs)

    assert bcubed(Contingency.of(gold, found))[:2] == pytest.approx(naive_bcubed(gold, found))
    assert pairwise(Contingency.of(gold, found))[:2] == pytest.approx(naive_pairwise(gold, found))


@given(articles)
def test_rand_and_v_measure_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, found = zip(*pairs, strict=True)
    table = Contingency.of(*both(pairs))

    assert adjusted_rand(table) == pytest.approx(adjusted_rand_score(gold, found))
    assert v_measure(table) == pytest.approx(v_measure_score(gold, found), abs=1e-9)


@given(articles)
def test_a_perfect_clustering_scores_one_whatever_its_stories_are_called(pairs: list[tuple[str, str]]) -> None:
    gold, _ = both(pairs)
    renamed = {article_id: f"story {label}" for article_id, label in gold.items()}

    table = Contingency.of(gold, renamed)

    assert bcubed(table) == pairwise(table) == Scores(1.0, 1.0, 1.0)
    assert adjusted_rand(table) == 1.0
    assert v_measure(table) == pytest.approx(1.0)


@pytest.mark.parametrize("score", [bcubed, pairwise])
@given(pairs=articles)
def test_swapping_the_sides_swaps_precision_and_recall(score, pairs: list[tuple[str, str]]) -> None:
    gold, found = both(pairs)

    there, back = score(Contingency.of(gold, found)), score(Contingency.of(found, gold))

    assert there == Scores(back.recall, back.precision, back.f1)


@pytest.mark.parametrize("score", [bcubed, pairwise, adjusted_rand, v_measure])
@given(pairs=articles, order=st.randoms(use_true_random=False))
def test_the_order_of_the_articles_changes_no_bit(score, pairs: list[tuple[str, str]], order) -> None:
    gold, found = both(pairs)
    ids = list(gold)
    order.shuffle(ids)

    shuffled = Contingency.of({i: gold[i] for i in ids}, {i: found[i] for i in reversed(ids)})

    assert score(Contingency.of(gold, found)) == score(shuffled)


@pytest.mark.parametrize("score", [bcubed, pairwise])
@given(pairs=articles)
def test_f1_lies_between_precision_and_recall(score, pairs: list[tuple[str, str]]) -> None:
    precision, recall, f1 = score(Contingency.of(*both(pairs)))
    rounding = 1e-12

    assert 0 <= precision <= 1
    assert 0 <= recall <= 1
    assert min(precision, recall) - rounding <= f1 <= max(precision, recall) + rounding


def test_f1_is_zero_where_precision_and_recall_are() -> None:
    assert pairwise(Contingency.of(labelled("aabb"), labelled("xyxy"))) == Scores(0.0, 0.0, 0.0)


def test_the_mean_f1_is_the_mean_of_the_f1s() -> None:
    assert mean_scores([Scores(1.0, 0.0, 0.0), Scores(1.0, 1.0, 1.0)]) == Scores(1.0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("gold", "found", "message"),
    [
        ({"a": "x", "b": "x"}, {"a": "y"}, r"1 article ids are in gold but not in found, such as \['b'\]"),
        ({"a": "x"}, {"a": "y", "c": "y"}, r"1 article ids are in found but not in gold, such as \['c'\]"),
        ({}, {}, "no article to score"),
    ],
)
def test_sides_that_do_not_hold_the_same_articles_are_refused(gold, found, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Contingency.of(gold, found)


def test_no_scores_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no scores to average"):
        mean_scores([])
