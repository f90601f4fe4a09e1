from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from pipeline.evaluation.emergence import Emergence
from pipeline.evaluation.evaluate import Agreement, Evaluation, evaluate
from pipeline.evaluation.gold import GoldArticle, GoldSet
from pipeline.evaluation.report import render, to_dict
from pipeline.evaluation.scores import Contingency, Scores, bcubed
from pipeline.evaluation.streams import BASE_TIME
from pipeline.records import Assignment, Role
from tests.evaluation.making import clusterer

PERFECT = Scores(1.0, 1.0, 1.0)
ALL_PERFECT = Agreement(PERFECT, PERFECT, 1.0, 1.0)
NOTHING_EMERGED = Emergence(share=0.0, false_share=0.0, articles=None, hours=None)


def article(article_id: str, label: str | None, language: str | None = "en", **fields: Any) -> GoldArticle:
    raw = {"id": article_id, "title": f"{label}: {article_id}", "story": label, "story_group": label, **fields}
    return GoldArticle(raw, label, language)


def gold(*articles: GoldArticle, name: str = "toy") -> GoldSet:
    return GoldSet(name, articles)


QUAKES = gold(*(article(f"q{n}", "quake", published_at=f"2020-01-0{9 - n}") for n in range(1, 5)))
MIXED = gold(*QUAKES.articles, *(article(f"t{n}", "trial", published_at=f"2020-02-0{n}") for n in range(1, 5)))


@clusterer
def by_title(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Cluster perfectly: `article` puts the label into the title."""
    return {raw["id"]: raw["title"].split(":")[0] for raw in articles}


@clusterer
def all_in_one(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
    return dict.fromkeys((raw["id"] for raw in articles), "one")


def halves(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Cluster by place in the stream alone, so that every order gives another result."""
    return {raw["id"]: "early" if place < len(articles) / 2 else "late" for place, raw in enumerate(articles)}


by_halves = clusterer(halves)


class Recorder:
    """Clusters perfectly, and keeps what it was given."""

    def __init__(self) -> None:
        self.streams: list[list[dict[str, Any]]] = []

    def __call__(self, articles: Sequence[dict[str, Any]]) -> Any:
        self.streams.append(list(articles))
        return by_title(articles)

    def orders(self) -> list[list[str]]:
        return [[raw["id"] for raw in stream] for stream in self.streams]


def test_a_perfect_clusterer_scores_one() -> None:
    assert evaluate(MIXED, cluster=by_title) == Evaluation(
        name="toy",
        scores=ALL_PERFECT,
        f1_spread=0.0,
        by_language={"en": ALL_PERFECT},
        num_articles=8,
        num_labelled=8,
        num_stories=2,
        num_orders=5,
        emergence=NOTHING_EMERGED,
    )


def test_orders_are_seeded_so_every_run_streams_the_same_ones() -> None:
    first, second = Recorder(), Recorder()
    evaluate(MIXED, cluster=first, orders=3)
    evaluate(MIXED, cluster=second, orders=3)

    assert first.streams == second.streams
    assert len({tuple(order) for order in first.orders()}) == 3
    # random.Random(0).shuffle of eight; it changes only if the orders do, and every published figure with them.
    assert first.orders()[0] == ["t1", "q2", "t2", "q3", "q1", "q4", "t4", "t3"]


def test_fewer_orders_are_the_first_of_more() -> None:
    few, many = Recorder(), Recorder()
    evaluate(MIXED, cluster=few, orders=2)
    evaluate(MIXED, cluster=many, orders=4)

    assert few.streams == many.streams[:2]


def test_articles_of_an_order_are_a_minute_apart_and_bring_no_other_date() -> None:
    recorder = Recorder()
    dated = gold(*(article(f"a{n}", "x", published_at="2020", updated_at="2021", observed_at="2022") for n in range(9)))
    evaluate(dated, cluster=recorder, orders=1)

    (stream,) = recorder.streams
    times = [datetime.fromisoformat(raw["observed_at"]) for raw in stream]
    assert times == [BASE_TIME + timedelta(seconds=60 * place) for place in range(9)]
    assert stream[0]["observed_at"] == "2000-01-01T00:00:00Z"
    assert not any({"published_at", "updated_at"} & raw.keys() for raw in stream)


@pytest.mark.parametrize("by_date", [False, True])
def test_the_clusterer_never_sees_a_label(by_date: bool) -> None:
    recorder = Recorder()
    evaluate(MIXED, cluster=recorder, by_date=by_date)

    assert not any({"story", "story_group"} & raw.keys() for stream in recorder.streams for raw in stream)
    assert all(raw.raw["story"] for raw in MIXED.articles)  # and the set itself is left as it was


def test_f1_is_the_mean_over_orders_and_spread_the_highest_less_the_lowest() -> None:
    recorder = Recorder()
    evaluate(MIXED, cluster=recorder, orders=5)
    labels = {raw.id: raw.label for raw in MIXED.articles}
    runs = [bcubed(Contingency.of(labels, halves(stream))) for stream in recorder.streams]
    f1s = [run.f1 for run in runs]

    evaluation = evaluate(MIXED, cluster=by_halves, orders=5)

    assert evaluation.scores.bcubed.f1 == pytest.approx(sum(f1s) / 5)
    assert evaluation.scores.bcubed.precision == pytest.approx(sum(run.precision for run in runs) / 5)
    assert evaluation.f1_spread == max(f1s) - min(f1s) > 0


def test_by_date_streams_once_in_the_order_of_publication() -> None:
    recorder = Recorder()
    evaluation = evaluate(QUAKES, cluster=recorder, by_date=True)

    assert recorder.orders() == [["q4", "q3", "q2", "q1"]]
    assert recorder.streams[0][0]["observed_at"] == "2020-01-05T00:00:00Z"
    assert recorder.streams[0][0]["published_at"] == "2020-01-05"
    assert (evaluation.num_orders, evaluation.f1_spread, evaluation.num_undated) == (1, 0.0, 0)


@pytest.mark.parametrize(
    ("published_at", "observed_at"),
    [
        ("1987-02-26T15:01:01", "1987-02-26T15:01:01Z"),
        ("1987-02-26T15:01:01+02:00", "1987-02-26T13:01:01Z"),
        ("1987-02-26T15:01:01.5Z", "1987-02-26T15:01:01.500000Z"),
        ("1987-02-26", "1987-02-26T00:00:00Z"),
    ],
)
def test_a_date_without_a_zone_is_utc(published_at: str, observed_at: str) -> None:
    recorder = Recorder()
    evaluate(gold(article("a", "x", published_at=published_at)), cluster=recorder, by_date=True)

    assert recorder.streams[0][0]["observed_at"] == observed_at


@pytest.mark.parametrize("published_at", [None, "", "last Tuesday", 17, "0001-01-01T00:00:00+10:00"])
def test_by_date_the_undated_stand_at_the_earliest_date_and_are_counted(published_at: object) -> None:
    recorder = Recorder()
    undated = gold(*MIXED.articles, article("z", "quake", published_at=published_at))
    evaluation = evaluate(undated, cluster=recorder, by_date=True)

    assert recorder.orders()[0][:3] == ["q4", "z", "q3"]
    assert recorder.streams[0][1]["observed_at"] == "2020-01-05T00:00:00Z"
    assert evaluation.num_undated == 1
    assert to_dict([evaluation])["toy"]["undated"] == 1


def test_by_date_a_set_without_dates_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"toy: none of its 1 articles.*without --by-date"):
        evaluate(gold(article("a", "x")), cluster=by_title, by_date=True)


def test_a_set_in_several_languages_is_streamed_together_and_scored_apart() -> None:
    recorder = Recorder()
    # The labels are shared, as in multiling2011: scored together, "quake" would be missing its other language.
    german = [article(f"{raw.id}-de", raw.label, "de") for raw in QUAKES.articles]
    languages = gold(*MIXED.articles, *german)

    @clusterer
    def cluster(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
        recorder(articles)
        return {raw["id"]: "de" if raw["id"].endswith("de") else "en" for raw in articles}

    evaluation = evaluate(languages, cluster=cluster, orders=2)

    assert [len(stream) for stream in recorder.streams] == [12, 12]
    assert evaluation.by_language["de"].bcubed == PERFECT
    assert evaluation.by_language["en"].bcubed == pytest.approx((1 / 2, 1, 2 / 3))
    assert evaluation.scores.bcubed == pytest.approx((3 / 4, 1, 5 / 6))
    assert evaluation.scores.pairwise == pytest.approx(((1 + 12 / 28) / 2, 1, (1 + 0.6) / 2))
    assert list(evaluation.by_language) == ["de", "en"]
    assert evaluation.num_stories == 2


def test_articles_of_no_stated_language_are_scored_together() -> None:
    evaluation = evaluate(gold(article("a", "x", None), article("b", "x", None)), cluster=by_title)

    assert list(evaluation.by_language) == ["und"]


def test_articles_without_a_label_are_streamed_but_not_scored() -> None:
    recorder = Recorder()
    evaluation = evaluate(gold(*MIXED.articles, article("n", None, "fr")), cluster=recorder)

    assert {len(stream) for stream in recorder.streams} == {9}
    assert (evaluation.num_articles, evaluation.num_labelled) == (9, 8)
    assert list(evaluation.by_language) == ["en"]
    assert evaluation.scores.bcubed == PERFECT


def test_revisions_are_streamed_each_and_scored_once() -> None:
    recorder = Recorder()
    revised = gold(article("a", "x"), article("a", None, None), article("a", "x"), article("b", "y"))

    @clusterer
    def together(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
        recorder(articles)
        return {"a": "one", "b": "one"}

    evaluation = evaluate(revised, cluster=together)

    assert {len(stream) for stream in recorder.streams} == {4}
    assert (evaluation.num_articles, evaluation.num_labelled) == (2, 2)
    assert evaluation.scores.bcubed == pytest.approx((1 / 2, 1, 2 / 3))


@pytest.mark.parametrize("lost", [{}, {"q1": None, "q2": None}], ids=["missing", "none"])
def test_an_article_in_no_story_is_scored_as_its_own_and_counted(lost: dict[str, None]) -> None:
    @clusterer
    def cluster(articles: Sequence[dict[str, Any]]) -> dict[str, str | None]:
        return {"q3": "one", "q4": "one", **lost}

    evaluation = evaluate(QUAKES, cluster=cluster)

    assert evaluation.num_unplaced == 2
    assert evaluation.scores.bcubed[:2] == pytest.approx((1, (1 / 4 + 1 / 4 + 2 / 4 + 2 / 4) / 4))
    assert to_dict([evaluation])["toy"]["unplaced"] == 2


def test_a_clusterer_that_loses_the_ids_is_told_so() -> None:
    def lost(articles: Sequence[dict[str, Any]]) -> dict[str, str]:
        return {f"{raw['id']}?": "one" for raw in articles}

    with pytest.raises(ValueError, match=r"none of its 4 labelled articles was put in a story, such as 'q4'"):
        evaluate(QUAKES, cluster=clusterer(lost))


@pytest.mark.parametrize("orders", [0, -1])
def test_less_than_one_order_is_refused(orders: int) -> None:
    with pytest.raises(ValueError, match=f"orders is {orders}: it must be at least 1"):
        evaluate(QUAKES, cluster=by_title, orders=orders)


def test_a_set_without_labels_is_refused() -> None:
    with pytest.raises(ValueError, match="no article has a label"):
        evaluate(gold(article("a", None)), cluster=by_title)


def test_json_holds_the_figures_by_name_of_the_set() -> None:
    figures = {
        "bcubed": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)},
        "pairwise": {"precision": pytest.approx(12 / 28), "recall": 1.0, "f1": pytest.approx(0.6)},
        "adjusted_rand": 0.0,
        "v_measure": 0.0,
    }

    assert to_dict([evaluate(MIXED, cluster=all_in_one, orders=2)]) == {
        "toy": {
            **figures,
            "f1_spread": 0.0,
            "by_language": {"en": figures},
            "articles": 8,
            "labelled": 8,
            "stories": 2,
            "orders": 2,
            "emergence": {"share": 0.0, "false_share": 0.0},
        }
    }


def test_two_sets_of_one_name_are_refused() -> None:
    evaluation = evaluate(QUAKES, cluster=by_title, orders=1)

    with pytest.raises(ValueError, match="two gold sets are named 'toy'"):
        to_dict([evaluation, evaluation])


def test_the_table_fits_80_columns_and_shows_each_language_of_a_set_in_several() -> None:
    several = gold(*MIXED.articles, article("d", "quake", "de"), name="multiling2011")
    big = replace(evaluate(MIXED, cluster=all_in_one, orders=1), num_articles=11_109, num_labelled=11_109)
    console = Console(width=80, record=True)
    console.print(render([evaluate(several, cluster=by_title), big]))

    header, *rows = (line.split() for line in console.export_text().splitlines()[:5])
    assert " ".join(header) == "set scored stories B³ P B³ R B³ F1 spread pair F1 ARI V"
    assert [row[0] for row in rows] == ["multiling2011", "de", "en", "toy"]
    assert rows[-1] == ["toy", "11109/11109", "2", "0.500", "1.000", "0.667", "-", "0.600", "0.000", "0.000"]


def test_the_table_says_what_was_not_placed_or_not_dated() -> None:
    troubled = replace(evaluate(MIXED, cluster=by_title), num_unplaced=3, num_undated=4)
    console = Console(width=200, record=True)
    console.print(render([troubled]))
    printed = " ".join(console.export_text().split())

    assert "toy: 3 got no story" in printed
    assert "toy: 4 have no date" in printed


def test_copies_are_scored_where_the_set_names_them() -> None:
    compared = QUAKES._replace(copies=(("q1", "q2"),))

    def first_article_copies(articles: Sequence[dict[str, Any]]) -> Any:
        assignments, events = by_title(articles)
        first = articles[0]["id"]
        return {**assignments, first: Assignment(first, "", "quake", Role.COPY)}, events

    evaluation = evaluate(compared, cluster=first_article_copies, orders=2)

    assert evaluation.copies == Scores(0.0, 0.0, 0.0)
    assert to_dict([evaluation])["toy"]["copies"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert evaluate(QUAKES, cluster=first_article_copies, orders=2).copies is None
