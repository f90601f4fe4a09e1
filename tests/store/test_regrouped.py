"""Moves and merges as the detector tells them: an article stands in one story, and counts there alone."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import Connection

from pipeline.records import EventType, Role
from pipeline.store import Store
from pipeline.store.queries import Filter, find_mentions, find_stories, find_story, successor
from pipeline.store.views import HomeView
from tests.regrouping import regrouped_events, regrouped_lines
from tests.store.making import event, report, story_id
from tests.store.reading import content


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


def ids(connection: Connection, story: str, role: Role) -> list[str]:
    return [mention.article_id for mention in find_mentions(connection, story, role, limit=100)]


def test_after_each_event_a_story_lists_as_many_reports_as_it_counts(store: Store) -> None:
    for told in regrouped_events():
        store.apply([told.to_json("urn:test")])
        with store.reading() as connection:
            story = find_story(connection, told.story_id)
            assert story is not None
            if told.type is not EventType.MERGED:
                assert len(ids(connection, told.story_id, Role.REPORT)) == told.num_reports
                assert len(story.growth) == told.num_reports


def test_a_merge_leads_to_the_heir_which_lists_every_article_once(store: Store) -> None:
    events = regrouped_events()
    store.apply(regrouped_lines())
    over = next(event for event in events if event.merged_into)
    with store.reading() as connection:
        listed = {story.id for story in find_stories(connection, Filter(status="all"), 10)}
        heir = successor(connection, over.story_id)
        assert heir == over.merged_into
        assert heir in listed
        assert over.story_id not in listed
        assert set(Counter(ids(connection, heir, Role.REPORT)).values()) == {1}


def test_the_order_of_moves_and_merges_makes_no_difference(store_url: str) -> None:
    lines = regrouped_lines()
    with Store.open(store_url) as store:
        store.apply(lines)
        expected = content(store)
        with store.engine.begin() as connection:
            for table in ("stories", "articles"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        Random(5).shuffle(lines)
        for line in lines:
            store.apply([line])
        assert content(store) == expected


def test_a_moved_article_is_no_report_of_the_old_story_but_says_where_it_went(store: Store) -> None:
    store.apply(
        [
            event(1, 1, report("a", 1), report("b", 2), report("c", 3, role=Role.COPY)),
            event(
                1, 2, *(report(name, at, role=Role.MOVED, moved_to=story_id(2)) for name, at in [("a", 1), ("c", 3)])
            ),
            event(1, 3, report("b", 2, role=Role.MOVED, moved_to=story_id(9))),
            event(2, 1, report("a", 1), headline="The other light"),
        ]
    )
    with store.reading() as connection:
        assert ids(connection, story_id(1), Role.REPORT) == ids(connection, story_id(1), Role.COPY) == []
        moved = find_mentions(connection, story_id(1), Role.MOVED, limit=10)
        known, unknown = HomeView(story_id(2), "The other light"), HomeView(story_id(9), None)
        assert [(each.article_id, each.moved_to) for each in moved] == [("a", known), ("b", unknown), ("c", known)]
        assert ids(connection, story_id(2), Role.REPORT) == ["a"]


def test_an_article_that_came_back_is_a_report_again(store: Store) -> None:
    away = report("a", 1, role=Role.MOVED, moved_to=story_id(2))
    store.apply([event(1, 1, report("a", 1)), event(1, 2, away), event(1, 3, report("a", 1, similarity=0.5))])
    with store.reading() as connection:
        (mention,) = find_mentions(connection, story_id(1), Role.REPORT, limit=10)
        assert mention.similarity == 0.5
        assert ids(connection, story_id(1), Role.MOVED) == []
