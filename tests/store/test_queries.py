"""Filters, pages of stories, mentions and choices."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from pipeline.records import EventType, Role, RunnerUp, StoryStatus
from pipeline.store import Store
from pipeline.store.queries import (
    Cursor,
    Filter,
    find_mentions,
    find_stories,
    find_story,
    languages,
    outlets,
)
from tests.store.making import START, event, report, story_id


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """Return a connection to a store of four stories: 1, 2 and 3 are open, 4 is closed."""
    closed = {"type": EventType.CLOSED, "status": StoryStatus.CLOSED}
    store.apply(
        [
            event(1, 1, report("a", outlet="The Anchor"), headline="Ferry aground", keywords=("Kelloran",), time=at(1)),
            event(2, 1, report("b", outlet="Τηλαυγής"), headline="Café brûlé à Élan", language="fr", time=at(2)),
            event(
                3, 1, report("c", outlet="The Anchor"), headline="東京で地震", language="ja", num_reports=9, time=at(3)
            ),
            event(4, 1, report("d", outlet=None), headline="Ferry closed", time=at(4), **closed),
        ]
    )
    with store.reading() as opened:
        yield opened


def at(minute: int):
    return START + timedelta(minutes=minute)


def numbers(connection: Connection, **wanted: object) -> list[int]:
    return [int(story.id, 16) for story in find_stories(connection, Filter(**wanted), 10)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [3, 2, 1]),
        ({"status": "all"}, [4, 3, 2, 1]),
        ({"language": "fr"}, [2]),
        ({"outlet": "The Anchor"}, [3, 1]),
        ({"outlet": "The Anch"}, []),
        ({"min_reports": 4}, [3]),
        ({"words": "ferry"}, [1]),
        ({"words": "FERRY kelloran"}, [1]),
        ({"words": "ferry café"}, []),
        ({"words": "brule elan"}, [2]),
        ({"words": "地震"}, [3]),
        ({"words": "ferry", "status": "all"}, [4, 1]),
        ({"words": "...", "language": "ja"}, [3]),
        ({"words": "'; DROP TABLE stories; --"}, []),
        ({"language": "fr", "outlet": "Τηλαυγής", "words": "cafe", "min_reports": 3, "status": "all"}, [2]),
    ],
)
def test_a_filter_finds_what_it_names_and_nothing_else(
    connection: Connection, wanted: dict[str, object], expected: list[int]
) -> None:
    assert numbers(connection, **wanted) == expected


def test_an_earlier_headline_still_finds_its_story(store: Store) -> None:
    store.apply([event(1, 1, headline="Smoke over the quay"), event(1, 2, headline="Warehouse lost")])
    with store.reading() as connection:
        assert numbers(connection, words="smoke") == numbers(connection, words="warehouse") == [1]


def test_pages_of_stories_join_without_gap_or_overlap_even_at_one_time(store: Store) -> None:
    store.apply([event(number, 1, time=at(number // 3)) for number in range(20)])
    with store.reading() as connection:
        found, after = [], None
        while page := find_stories(connection, Filter(), 7, after):
            found += [story.id for story in page]
            after = Cursor(page[-1].told_at, page[-1].id)
        assert len(found) == 20
        assert found == [story.id for story in find_stories(connection, Filter(), 100)]


def test_choices_are_each_value_once(connection: Connection) -> None:
    assert set(languages(connection)) == {"en", "fr", "ja"}
    assert len(languages(connection)) == 3
    assert sorted(outlets(connection)) == ["The Anchor", "Τηλαυγής"]


def test_an_empty_store_has_no_choices_and_no_stories(store: Store) -> None:
    with store.reading() as connection:
        assert (languages(connection), outlets(connection), find_stories(connection, Filter(), 5)) == ([], [], [])
        assert find_story(connection, story_id(1)) is None


def test_a_mention_says_why_it_is_there(store: Store) -> None:
    second = RunnerUp(story_id(2), 0.31)
    unknown = RunnerUp(story_id(7), 0.28)
    store.apply(
        [
            event(1, 1, report("a", 1, similarity=0.62, terms=("keel", "reef"), runner_up=second, late=True)),
            event(1, 2, report("b", 2, similarity=0.55, runner_up=unknown), report("c", 3, role=Role.COPY)),
            event(2, 1, headline="Another ferry"),
        ]
    )
    with store.reading() as connection:
        first, later = find_mentions(connection, story_id(1), Role.REPORT, limit=10)
        assert (first.similarity, first.terms, first.late) == (0.62, ("keel", "reef"), True)
        assert first.runner_up is not None
        assert (first.runner_up.headline, first.runner_up.similarity) == ("Another ferry", 0.31)
        assert later.runner_up is not None
        assert later.runner_up.headline is None
        assert [each.article_id for each in find_mentions(connection, story_id(1), Role.COPY, limit=10)] == ["c"]
        assert find_mentions(connection, story_id(1), Role.REPORT, limit=1, offset=1) == [later]


def test_growth_counts_reports_one_by_one_in_small_stories_and_by_event_in_large_ones(store: Store) -> None:
    few = [report(f"r{number}", number) for number in range(3)]
    store.apply(
        [
            event(1, 1, *few, report("copy", 1, role=Role.COPY)),
            event(2, 1, num_reports=40),
            event(2, 2, num_reports=100),
        ]
    )
    with store.reading() as connection:
        small, large = find_story(connection, story_id(1)), find_story(connection, story_id(2))
    assert small is not None
    assert [(point.time, point.num_reports) for point in small.growth] == [(at(0), 1), (at(1), 2), (at(2), 3)]
    assert large is not None
    assert [point.num_reports for point in large.growth] == [40, 100]
