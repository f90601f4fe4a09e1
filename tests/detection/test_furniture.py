"""What an outlet repeats is learnt from the stream, forgotten with time, and pulls no stories together."""

from datetime import timedelta

import numpy as np

from pipeline.config import DetectionConfig
from pipeline.detection.counts import NOTHING, counts_of
from pipeline.detection.furniture import Furniture
from pipeline.detection.ids import term_ids
from pipeline.detection.kernels import kernels
from pipeline.detection.packing import ids_of
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article
from tests.detection.making import BASE, word

PAGE = " ".join(f"Subscribe {word('page', place)}" for place in range(40))


def learnt(num_reports: int, words: list[str]) -> Furniture:
    furniture = Furniture()
    for number in range(num_reports):
        furniture.learn("courier", term_ids((*words, f"{number}-own")))
    return furniture


def telling(furniture: Furniture, outlet: str | None, *words: str) -> list[bool]:
    """Say which words weigh anything in an article of the outlet."""
    ids = term_ids(words)
    ones, stream = np.ones(len(words), np.float16), (counts_of(NOTHING), 300.0, 0, 1.0)
    vector = kernels.weighted(ids, ones, ones / np.float16(8), *stream, *furniture.of(outlet))
    return np.isin(ids, ids_of(vector)).tolist()


def test_what_stands_in_most_reports_of_an_outlet_tells_nothing_there() -> None:
    furniture = learnt(20, ["subscribe"])
    assert telling(furniture, "courier", "subscribe", "quake", "3-own") == [False, True, True]
    assert telling(furniture, "herald", "subscribe") == [True]
    assert telling(furniture, None, "subscribe") == [True]


def test_a_few_reports_teach_nothing_yet() -> None:
    assert telling(learnt(11, ["subscribe"]), "courier", "subscribe") == [True]


def test_an_old_page_design_is_forgotten_and_a_new_one_learnt() -> None:
    furniture = learnt(300, ["old"])
    for number in range(200):
        furniture.learn("courier", term_ids(("new", f"{number}-later")))
    assert telling(furniture, "courier", "old", "new") == [True, False]


def test_space_is_bounded_by_what_is_common_not_by_what_is_written() -> None:
    furniture = learnt(5_000, ["subscribe"])
    assert len(furniture.outlets()["courier"].counts) <= 20
    for number in range(6_000):
        furniture.learn(f"outlet-{number}", term_ids(("term",)))
    assert len(furniture.outlets()) == 5_000


def test_what_was_learnt_goes_on_from_state() -> None:
    furniture = Furniture(learnt(20, ["subscribe"]).outlets())
    assert telling(furniture, "courier", "subscribe", "quake") == [False, True]


def test_pages_of_one_outlet_that_share_only_their_furniture_are_stories_apart() -> None:
    config = DetectionConfig()
    articles = [
        Article(
            id=str(number),
            title=f"{word('title', number)} {word('news', number, 0)}",
            text=" ".join(word("news", number, place) for place in range(60)) + " " + PAGE,
            observed_at=BASE + timedelta(minutes=number),
            outlet="courier",
            language="en",
        )
        for number in range(40)
    ]
    _, outcomes = detect_stories([sketch_article(article, config) for article in articles], config)
    moved = {move.micro_id: move.story_id for outcome in outcomes for move in outcome.all_moves()}
    assigned = [one for outcome in outcomes for one in outcome.assignments()]
    late = [moved.get(one.micro_id or "", one.story_id) for one in assigned][20:]
    assert len(set(late)) == len(late)
