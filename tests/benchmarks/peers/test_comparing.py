import pytest

from pipeline.evaluation.gold import GoldArticle, GoldSet
from tests.benchmarks.peers.__main__ import compared, runs
from tests.benchmarks.peers.comparing import Comparison
from tests.benchmarks.peers.rules import Peer, nearest_article

QUAKES = [
    ("quake", "strong quake shakes the harbour town of Lorvik"),
    ("quake", "rescuers search Lorvik houses that fell in morning quake"),
    ("trial", "court opens hearing of former mayor over paintings"),
    ("trial", "paintings went missing while mayor was in office, says prosecutor"),
]
LOOK_ALIKES = [
    ("north", "ferry runs aground off northern Tarn island, forty passengers safe"),
    ("north", "ferry runs aground off northern Tarn island, all passengers safe"),
    ("south", "ferry runs aground off southern Pell island, ninety passengers safe"),
    ("south", "ferry runs aground off southern Pell island, all passengers safe"),
]
NEAREST = Peer("nearest article", nearest_article, (0.12, 0.7, 0.99))


def gold(**languages: list[tuple[str, str]]) -> GoldSet:
    return GoldSet(
        "made",
        tuple(
            GoldArticle({"id": f"{language}{place}", "lang": language, "text": text}, label, language)
            for language, articles in languages.items()
            for place, (label, text) in enumerate(articles)
        ),
    )


def test_each_language_has_its_own_best_threshold() -> None:
    loose = Comparison(gold(en=QUAKES), 2).best_in_hindsight(NEAREST)
    tight = Comparison(gold(cs=LOOK_ALIKES), 2).best_in_hindsight(NEAREST)
    both = Comparison(gold(en=QUAKES, cs=LOOK_ALIKES), 2).best_in_hindsight(NEAREST)

    assert (loose, tight) == ((1.0, (0.12,)), (1.0, (0.7,)))
    assert both == (1.0, (0.12, 0.7))


def test_what_sees_all_at_once_is_run_on_one_order() -> None:
    orders = []

    def seen(texts, threshold):
        orders.append(texts)
        return nearest_article(texts, threshold)

    for in_one_pass, num_runs in ((True, 3), (False, 1)):
        orders.clear()
        Comparison(gold(en=QUAKES), 3).best_in_hindsight(Peer("seen", seen, (0.12,), in_one_pass))
        assert len(orders) == num_runs


def test_a_peer_too_slow_for_a_set_gets_a_part_of_it() -> None:
    slow = NEAREST._replace(name="slow", most_articles=4)
    whole, part = runs(gold(en=QUAKES, cs=LOOK_ALIKES), [NEAREST, slow])

    assert (whole.name, len(whole.articles)) == ("made", 8)
    assert (part.name, len(part.articles)) == ("made, by lot", 4)
    assert compared(whole, [NEAREST, slow], 1).endswith("** (0.12–0.7) |  |")


def test_the_best_figure_of_a_row_is_bold() -> None:
    never = NEAREST._replace(thresholds=(1.1,))

    assert compared(gold(en=QUAKES), [NEAREST, never], 1).endswith(" | **1.000** (0.12) | 0.667 (1.1) |")


@pytest.mark.parametrize("peers", [[NEAREST], [NEAREST, NEAREST]])
def test_a_set_that_is_small_enough_is_run_once(peers: list[Peer]) -> None:
    assert len(list(runs(gold(en=QUAKES), peers))) == 1
