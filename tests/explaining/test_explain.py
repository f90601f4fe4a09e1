"""Why an article is in its story, from events as the detector makes them, and as they may be made up."""

from pathlib import Path

import orjson
import pytest

from pipeline.events import event_from
from pipeline.explaining.explain import Events, NotFound, only
from pipeline.explaining.texts import lines_of
from pipeline.records import EventType, Role, RunnerUp, StoryStatus
from tests.regrouping import regrouped_events, regrouped_lines
from tests.running import Wirewatch
from tests.store.making import event, merged, report, story_id


def explained(*lines: bytes, story: int = 1):
    return Events(map(event_from, lines)).explain(story_id(story))


def text_of(*lines: bytes) -> str:
    return "\n".join(lines_of(explained(*lines)))


def test_a_merged_story_is_explained_and_then_its_heir_which_holds_what_it_counts() -> None:
    events = regrouped_events()
    over = next(event for event in events if event.type is EventType.MERGED)
    story, heir = Events(events).explain(over.story_id)
    assert (story.status, heir.story_id) == (StoryStatus.MERGED, over.merged_into)
    assert [step.what for step in story.life] == ["emerged", "merged"]
    assert "merged from" in [step.what for step in heir.life]
    assert len([mention for mention in heir.mentions if mention.role is Role.REPORT]) == heir.num_reports
    brought = {mention.article_id for mention in story.mentions}
    assert {mention.article_id for mention in heir.mentions if mention.came_from} == brought
    assert {mention.came_from.story_id for mention in heir.mentions if mention.came_from} == {over.story_id}


def test_an_article_that_moved_says_where_it_went_and_there_where_it_came_from() -> None:
    events = regrouped_events()
    moving = next(event for event in events if any(mention.role is Role.MOVED for mention in event.mentions))
    moved = {mention.article_id: mention.moved_to for mention in moving.mentions if mention.role is Role.MOVED}
    until = [event for event in events if event.order <= moving.order]
    (story,) = Events(until).explain(moving.story_id)
    assert {each.article_id: each.moved_to.story_id for each in story.mentions if each.moved_to} == moved
    assert sum(mention.role is Role.REPORT for mention in story.mentions) == story.num_reports
    (home,) = Events(until).explain(next(filter(None, moved.values())))
    assert {each.article_id for each in home.mentions if each.came_from} == set(moved)
    shown = "\n".join(lines_of([story]))
    assert shown.count(f"moved to {home.story_id}") == len(moved)


def test_the_order_of_the_events_makes_no_difference_and_what_comes_twice_counts_once() -> None:
    events = regrouped_events()
    expected = Events(events).explain(events[0].story_id)
    assert Events([*events[::-1], *events]).explain(events[0].story_id) == expected


def test_the_runner_up_says_how_much_weaker_it_was() -> None:
    near = report("a", similarity=0.6127, terms=("reef", "keel"), runner_up=RunnerUp(story_id(2), 0.3))
    nearer = report("b", similarity=0.2, runner_up=RunnerUp(story_id(9), 0.25))
    founding = report("c", runner_up=RunnerUp(story_id(2), 0.1))
    shown = text_of(event(1, 1, near, nearer, founding), event(2, headline="Another light"))
    assert "similarity 0.6127, by reef, keel" in shown
    assert f'runner-up {story_id(2)} "Another light" at 0.3000: weaker by 0.3127' in shown
    assert f"runner-up {story_id(9)} (no event tells of it) at 0.2500: nearer by 0.0500, but less like it" in shown
    assert "it founded the story" in shown


def test_the_last_that_was_said_of_an_article_counts() -> None:
    story = explained(
        event(1, 1, report("a", 1), report("b", 2), report("c", 3, similarity=0.4)),
        event(1, 2, report("a", 5, role=Role.REVISION, title="Mended"), report("b", 6, role=Role.TAKEDOWN, title="")),
        event(1, 3, report("c", 3, role=Role.MOVED, moved_to=story_id(2))),
        event(1, 5, report("c", 3, similarity=0.7)),
    )[0]
    first, second, third = story.mentions
    assert (first.role, first.title, first.revised_at is not None) == (Role.REPORT, "Mended", True)
    assert second.role is Role.TAKEDOWN
    assert (third.role, third.similarity, third.moved_to) == (Role.REPORT, 0.7, None)
    assert story.num_missing_revisions == 1


def test_a_ring_of_merges_ends() -> None:
    assert [story.story_id for story in explained(merged(1, into=2), merged(2, into=1))] == [story_id(1), story_id(2)]


def test_one_article_may_be_asked_for_and_an_unknown_one_names_the_nearest() -> None:
    stories = explained(event(1, 1, report("ferry-1"), report("ferry-2")))
    assert [mention.article_id for mention in only(stories, "ferry-2")[0].mentions] == ["ferry-2"]
    with pytest.raises(NotFound, match=r"'fery-1'; the nearest ids are ferry-1"):
        only(stories, "fery-1")


def test_a_story_is_found_by_what_its_id_begins_with() -> None:
    events = Events(map(event_from, [event(0x1A), event(0x1B), event(0xFF)]))
    assert events.find(story_id(0x1B)) == story_id(0x1B)
    with pytest.raises(NotFound, match=f"3 stories begin with '00', such as {story_id(0x1A)}, "):
        events.find("00")
    with pytest.raises(NotFound, match=f"no event tells of a story '{story_id(0xFE)}'; the nearest ids are .*"):
        events.find(story_id(0xFE))


def test_hostile_titles_stay_on_their_line() -> None:
    shown = text_of(event(1, 1, report("a\n", title="one\n  2. \x1b[31mtwo\u202e", outlet="x\ry"), headline="h\n\ni"))
    assert "1. x y: one 2. [31mtwo" in shown
    assert not set(shown) & set("\x1b\r\u202e")


def test_the_command_explains_a_file_of_events(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(regrouped_lines()))
    over = next(event for event in regrouped_events() if event.merged_into)
    told = wirewatch("explain", over.story_id[:6], "--events", "events.jsonl")
    assert told.returncode == 0
    assert f"{over.story_id} goes on as:\n\n{over.merged_into}" in told.stdout
    told = wirewatch("explain", over.story_id, "--events", "events.jsonl", "--article", "art-3", "--json")
    record = orjson.loads(told.stdout)
    assert record["asked"] == over.story_id
    assert [[mention["article_id"] for mention in story["mentions"]] for story in record["stories"]] == [["art-3"]] * 2


def test_the_command_says_what_is_wrong(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"\n".join([event(1), b"", b"{}"]))
    told = wirewatch("explain", story_id(1), "--events", "events.jsonl")
    assert (told.returncode, "'events.jsonl', line 3: no story event" in told.stderr) == (1, True)
    (tmp_path / "events.jsonl").write_bytes(event(1))
    told = wirewatch("explain", "ff", "--events", "events.jsonl")
    assert (told.returncode, story_id(1) in told.stderr) == (1, True)
    assert wirewatch("explain", "ff", "--events", "none.jsonl").returncode == 2
