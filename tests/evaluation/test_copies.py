import pytest

from pipeline.evaluation.copies import score_copies
from pipeline.records import Assignment, Role

ARTICLES = [{"id": article_id} for article_id in "abcde"]


def found(*copies: str) -> dict[str, Assignment]:
    return {
        article["id"]: Assignment(article["id"], "", "story", Role.COPY if article["id"] in copies else Role.REPORT)
        for article in ARTICLES
    }


@pytest.mark.parametrize(
    ("copies", "precision", "recall"),
    [
        ("bc", 1.0, 1.0),
        ("c", 1.0, 1 / 2),
        ("bcde", 2 / 4, 1.0),
        ("a", 0.0, 0.0),  # the first of all copies nothing
        ("", 1.0, 0.0),
    ],
)
def test_of_each_pair_the_later_article_should_be_a_copy_and_no_other(
    copies: str, precision: float, recall: float
) -> None:
    scores = score_copies([("a", "b"), ("c", "a"), ("b", "c")], ARTICLES, found(*copies))

    assert (scores.precision, scores.recall) == (precision, recall)


def test_which_article_is_the_later_one_depends_on_the_order() -> None:
    assert score_copies([("a", "b")], ARTICLES[::-1], found("a")).f1 == 1.0


def test_a_revision_does_not_make_an_article_later() -> None:
    assert score_copies([("a", "b")], [*ARTICLES, {"id": "a"}], found("b")).f1 == 1.0


def test_where_nothing_is_a_copy_nothing_is_missed() -> None:
    assert score_copies([], ARTICLES, found()).recall == 1.0
