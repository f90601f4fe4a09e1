"""The second look: stories that come together, stories that come apart, and what is told of it."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import StoryConfig
from pipeline.detection.detector import Outcome
from pipeline.detection.sketch import Sketch
from pipeline.detection.terms import Terms
from pipeline.records import EventType, Role, StoryEvent, StoryStatus
from tests.detection.making import CONFIG, run, sketch, types, word

STORIES = StoryConfig(bands=128, rows=1, prior_articles=1e6, growth_ladder=(100,), emerge_outlets=1)
LOOKS = msgspec.structs.replace(CONFIG, stories=STORIES)


def report(name: str, at: float, **shared: float) -> Sketch:
    """Make a report of some terms, by weight, and one of its own."""
    made = sketch(name, 0, at, config=LOOKS)
    weights = {**{word(stem): weight for stem, weight in shared.items()}, word("own", name): 1.0}
    terms = Terms(tuple(weights), np.array([*weights.values()], np.float16), np.full(len(weights), 1e-4, np.float16))
    return msgspec.structs.replace(made, article_id=name, title=name, terms=terms, copy_signature=_unlike(name))


def _unlike(name: str) -> NDArray[np.uint32]:
    """Make a signature that no other article's is like: nothing here is a copy."""
    return np.random.default_rng(list(name.encode())).integers(1 << 32, size=64, dtype=np.uint32)


def stories_of(outcomes: Iterable[Outcome]) -> set[frozenset[str]]:
    """Follow assignments and moves to the end."""
    where: dict[str, tuple[str | None, str | None]] = {}
    moved: dict[str | None, str] = {}
    for outcome in outcomes:
        where |= {one.article_id: (one.micro_id, one.story_id) for one in outcome.assignments()}
        moved |= {move.micro_id: move.story_id for move in outcome.all_moves()}
    found: dict[str | None, set[str]] = {}
    for article_id, (micro_id, story_id) in where.items():
        found.setdefault(moved.get(micro_id, story_id), set()).add(article_id)
    return {frozenset(ids) for ids in found.values()}


NORTH = {"quake": 0.9, "north": 1.5, "sixty": 1.5}
SOUTH = {"quake": 0.9, "south": 1.5, "eighty": 1.5}


def look_alikes() -> list[Sketch]:
    """Two quakes: the first reports of each come before either has shown what is its own."""
    first = [report("north-0", 0, **NORTH), report("south-0", 60, **SOUTH), report("north-1", 120, **NORTH)]
    later = [report(f"south-{number}", 180 + 60 * number, **SOUTH) for number in range(1, 4)]
    return [*first, *later, *(report(f"north-{number}", 600 + 60 * number, **NORTH) for number in range(2, 5))]


def bridged() -> list[Sketch]:
    """Two stories that nothing joins, until reports tell of both."""
    sides = [
        report(f"{side}-{number}", 60 * number, **{side: 1.0}) for side in ("left", "right") for number in range(3)
    ]
    return [*sides, *(report(f"both-{number}", 300 + 60 * number, left=1.0, right=1.0) for number in range(6))]


def test_look_alikes_that_fell_together_come_apart() -> None:
    events, outcomes = run(look_alikes(), LOOKS)
    assert stories_of(outcomes) == {
        frozenset(f"north-{number}" for number in range(5)),
        frozenset(f"south-{number}" for number in range(4)),
    }
    corrected = [event for event in events if event.type is EventType.CORRECTED]
    (event,) = corrected
    moved = [mention for mention in event.mentions if mention.role is Role.MOVED]
    assert moved
    assert {mention.article_id.partition("-")[0] for mention in moved} != {"north", "south"}
    (target,) = {mention.moved_to for mention in moved}
    told_there = {one.article_id for other in events if other.story_id == target for one in other.mentions}
    assert {mention.article_id for mention in moved} <= told_there


def test_stories_that_turn_out_to_be_one_merge_and_the_elder_goes_on() -> None:
    events, outcomes = run(bridged(), LOOKS)
    assert len(stories_of(outcomes)) == 1
    assert types(events).count(EventType.EMERGED) == 2
    (merged,) = (event for event in events if event.type is EventType.MERGED)
    assert merged.status is StoryStatus.MERGED
    assert merged.merged_into not in (None, merged.story_id)
    assert (merged.num_reports, merged.mentions) == (0, ())
    assert [event for event in events if event.story_id == merged.story_id][-1] == merged
    (last,) = _closed(bridged())
    assert (last.story_id, last.num_reports) == (merged.merged_into, 12)


def _closed(sketches: list[Sketch]) -> list[StoryEvent]:
    return [event for event in run(sketches, LOOKS, close_all=True)[0] if event.type is EventType.CLOSED]


def test_what_closes_has_told_every_report_once_that_is_still_its_own() -> None:
    for sketches in (look_alikes(), bridged()):
        held: dict[str, set[str]] = {}
        for event in run(sketches, LOOKS, close_all=True)[0]:
            of_story = held.setdefault(event.story_id, set())
            of_story -= {mention.article_id for mention in event.mentions if mention.role is Role.MOVED}
            of_story |= {mention.article_id for mention in event.mentions if mention.role is Role.REPORT}
            if event.type is EventType.CLOSED:
                assert len(of_story) == event.num_reports


def test_the_order_of_arrival_within_a_tick_does_not_matter() -> None:
    for sketches in (look_alikes(), bridged()):
        together = [msgspec.structs.replace(one, observed_at=sketches[0].observed_at) for one in sketches]
        expected = [event.to_json("urn:x") for event in run(together, LOOKS)[0]]
        assert [event.to_json("urn:x") for event in run(together[::-1], LOOKS)[0]] == expected
