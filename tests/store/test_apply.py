"""Events may come twice, late and in any order, in whatever portions: the store ends the same."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from pipeline.records import EventType, Role, StoryStatus
from pipeline.store import MalformedEvent, Store
from pipeline.store.queries import (
    Filter,
    find_mentions,
    find_revisions,
    find_stories,
    find_story,
    last_change,
    successor,
)
from pipeline.store.views import MentionView, StoryView
from tests.running import ROOT, Wirewatch
from tests.store.making import event, merged, report, story_id, with_field
from tests.store.reading import content


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


def story(store: Store, number: int = 1) -> StoryView:
    with store.reading() as connection:
        found = find_story(connection, story_id(number))
    assert found is not None
    return found


def mentions(store: Store, role: Role = Role.REPORT, number: int = 1) -> list[MentionView]:
    with store.reading() as connection:
        return find_mentions(connection, story_id(number), role, limit=100)


def change(store: Store) -> int:
    with store.reading() as connection:
        return last_change(connection)


def test_an_event_applied_twice_changes_nothing(store: Store) -> None:
    store.apply([event(1, 1, report("a"))])
    once, number = content(store), change(store)
    store.apply([event(1, 1, report("a"))])
    store.apply([event(1, 1, report("a")), event(1, 1, report("a"))])
    assert content(store) == once
    assert change(store) == number


def test_an_older_revision_adds_to_history_but_not_to_the_present_state(store: Store) -> None:
    store.apply([event(1, 2, report("b", 12))])
    store.apply([event(1, 1, report("a", 1))])
    assert (story(store).revision, story(store).headline) == (2, "Lighthouse 1 goes dark, 2")
    with store.reading() as connection:
        assert [each.revision for each in find_revisions(connection, story_id(1))] == [2, 1]
    assert [each.article_id for each in mentions(store)] == ["a", "b"]


def test_the_order_and_the_portions_of_events_make_no_difference(store_url: str, samples_events: list[bytes]) -> None:
    random = Random(3)
    with Store.open(store_url) as store:
        store.apply(samples_events)
        expected = content(store)
        for _ in range(3):
            with store.engine.begin() as connection:
                for table in ("stories", "articles"):
                    connection.exec_driver_sql(f"DELETE FROM {table}")
            shuffled = [*samples_events, *random.sample(samples_events, 5)]
            random.shuffle(shuffled)
            while shuffled:
                size = random.randint(1, 20)
                store.apply(shuffled[:size])
                del shuffled[:size]
            assert content(store) == expected


@pytest.fixture(scope="module")
def samples_events(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the events of the sample newswire."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    command = [
        sys.executable,
        "-m",
        "pipeline.main",
        "replay",
        "samples/newswire.jsonl",
        "--close-all",
        "--events",
        path,
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path.read_bytes().splitlines()


def test_one_bad_event_keeps_all_out(store: Store) -> None:
    with pytest.raises(MalformedEvent, match="no story event") as refused:
        store.apply([event(1), b'{"id": "x"}', event(2)])
    assert refused.value.index == 1
    with store.reading() as connection:
        assert find_stories(connection, Filter(), 10) == []
    assert change(store) == 0


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("data.story_id", "ZZ", "story_id"),
        ("data.revision", 0, "revision"),
        ("data.num_reports", 2**31, "num_reports"),
        ("data.num_reports", -1, "num_reports"),
        ("data.headline", None, "headline"),
        ("data.language", "x" * 65, "language"),
        ("data.mentions.0.role", "reporter", "role"),
        ("data.mentions.0.observed_at", "2031-05-01T06:00:00", "observed_at"),
        ("data.mentions.0.observed_at", "2031-05-01T06:00:00+02:00", "UTC"),
        ("type", "wirewatch.story.sank.v1", "type"),
        ("id", "0000000000000001-9", "0000000000000001-9"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_by_name(sqlite_url: str, path: str, value: object, words: str) -> None:
    with Store.open(sqlite_url) as store, pytest.raises(MalformedEvent, match=words):
        store.apply([with_field(event(1, 1, report("a")), path, value)])


def test_a_field_of_a_later_version_is_ignored(store: Store) -> None:
    store.apply([with_field(event(1), "data.mood", "calm")])
    assert story(store).revision == 1


def test_a_revised_article_shows_its_newest_title_and_a_takedown_shows_none(store: Store) -> None:
    revised = report("a", 5, role=Role.REVISION, title="Corrected")
    store.apply([event(1, 2, revised)])
    store.apply([event(1, 1, report("a", 1, title="First"))])
    (found,) = mentions(store)
    assert (found.title, found.withdrawn, found.revised_at) == ("Corrected", False, revised.observed_at)
    store.apply([event(1, 3, report("a", 9, role=Role.TAKEDOWN, title="", outlet=None, url=None))])
    (found,) = mentions(store)
    assert (found.title, found.url, found.withdrawn) == (None, None, True)
    store.apply([event(1, 4, report("a", 11, title="Back again"))])
    assert {each.title for each in mentions(store)} == {"Back again"}


def test_a_takedown_that_is_heard_of_first_still_holds(store: Store) -> None:
    store.apply([event(1, 2, report("a", 9, role=Role.TAKEDOWN, title=""))])
    store.apply([event(1, 1, report("a", 1))])
    assert [each.withdrawn for each in mentions(store)] == [True]


def test_a_merged_story_leads_to_where_it_goes_on(store: Store) -> None:
    store.apply([event(1, 1, report("a")), event(2), event(3), merged(1, into=2), merged(2, into=3)])
    with store.reading() as connection:
        assert successor(connection, story_id(1)) == story_id(3)
        assert [each.id for each in find_stories(connection, Filter(status="all"), 10)] == [story_id(3)]
        assert story(store).status is StoryStatus.MERGED


def test_a_merge_into_a_story_not_heard_of_yet_and_a_ring_of_merges_end(store: Store) -> None:
    store.apply([event(1), merged(1, into=9), merged(2, into=3), merged(3, into=2)])
    with store.reading() as connection:
        assert successor(connection, story_id(1)) == story_id(1)
        assert successor(connection, story_id(2)) in {story_id(2), story_id(3)}


def test_two_writers_at_once_lose_nothing_and_double_nothing(store: Store, store_url: str) -> None:
    events = [event(number, revision, report(f"{number}.{revision}")) for number in range(40) for revision in (1, 2)]

    def write(lines: list[bytes]) -> None:
        with Store.open(store_url) as mine:
            for line in lines:
                mine.apply([line])

    writers = [Thread(target=write, args=(events,)), Thread(target=write, args=(events[::-1],))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = content(store)
    assert (len(found["stories"]), len(found["revisions"]), len(found["mentions"])) == (40, 80, 80)
    assert change(store) == 80


def test_pruning_forgets_old_stories_and_the_articles_that_only_they_mention(store: Store) -> None:
    store.apply([event(1, 1, report("old"), report("both")), event(2, 3, report("both"), report("new"))])
    assert store.prune(story(store, 2).told_at) == 1
    found = content(store)
    assert [row[0] for row in found["stories"]] == [story_id(2)]
    assert {row[1] for row in found["articles"]} == {"both", "new"}
    assert {row[1] for row in found["story_words"]} == {story_id(2)}
    store.apply([event(1, 1, report("old"), report("both"))])
    assert len(content(store)["stories"]) == 2


def test_pruning_takes_many_stories_in_portions(store: Store) -> None:
    store.apply([event(number, 1, report(f"a{number}")) for number in range(450)])
    assert store.prune(story(store, 1).told_at) == 0
    assert store.prune(story(store, 1).told_at + timedelta(seconds=1)) == 450
    assert [name for name, rows in content(store).items() if rows] == []


def test_a_merge_event_is_told_in_the_history(store: Store) -> None:
    store.apply([event(1), event(2), merged(1, into=2)])
    with store.reading() as connection:
        assert find_revisions(connection, story_id(1))[0].type is EventType.MERGED


def test_the_command_loads_what_is_good_and_names_what_is_not(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "wirewatch.toml").write_text('[store]\nurl = "sqlite:///mine.db"\nkeep_days = 1\n')
    (tmp_path / "events.jsonl").write_bytes(b"\n".join([event(1), b"{", event(2), b"", event(1)]))
    told = wirewatch("store", "load", "events.jsonl", "--config", "wirewatch.toml")
    assert told.returncode == 1
    assert "events.jsonl: 3 events" in told.stdout
    assert "events.jsonl:2: " in told.stderr
    with Store.open(f"sqlite:///{tmp_path / 'mine.db'}") as store:
        assert len(content(store)["stories"]) == 2
    told = wirewatch("store", "prune", "--before", "2040-01-01", "--config", "wirewatch.toml")
    assert "2 stories forgotten" in told.stdout
