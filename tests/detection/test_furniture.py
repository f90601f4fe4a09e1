"""What an outlet repeats is learnt from the stream, forgotten with time, and pulls no stories together."""

from datetime import timedelta

from pipeline.config import DetectionConfig
from pipeline.detection.furniture import Furniture
from pipeline.detection.sketch import sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article
from tests.detection.making import BASE, word

PAGE = " ".join(f"Subscribe {word('page', place)}" for place in range(40))


def learnt(num_reports: int, stems: list[str]) -> Furniture:
    furniture = Furniture()
    for number in range(num_reports):
        furniture.learn("courier", [*stems, f"own-{number}"])
    return furniture


def test_what_stands_in_most_reports_of_an_outlet_tells_nothing_there() -> None:
    furniture = learnt(20, ["subscribe"])
    assert furniture.telling("courier", ["subscribe", "quake", "own-3"]).tolist() == [0.0, 1.0, 1.0]
    assert furniture.telling("herald", ["subscribe"]).tolist() == [1.0]
    assert furniture.telling(None, ["subscribe"]).tolist() == [1.0]


def test_a_few_reports_teach_nothing_yet() -> None:
    assert learnt(11, ["subscribe"]).telling("courier", ["subscribe"]).tolist() == [1.0]


def test_an_old_page_design_is_forgotten_and_a_new_one_learnt() -> None:
    furniture = learnt(300, ["old"])
    for number in range(200):
        furniture.learn("courier", ["new", f"later-{number}"])
    assert furniture.telling("courier", ["old", "new"]).tolist() == [1.0, 0.0]


def test_space_is_bounded_by_what_is_common_not_by_what_is_written() -> None:
    furniture = learnt(5_000, ["subscribe"])
    assert len(furniture.outlets["courier"].counts) <= 20
    for number in range(6_000):
        furniture.learn(f"outlet-{number}", ["term"])
    assert len(furniture.outlets) == 5_000


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
