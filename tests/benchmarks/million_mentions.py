"""Load a million mentions of made-up stories into a throw-away PostgreSQL, and look at what the live page asks of it.

    .venv/bin/python -m tests.benchmarks.million_mentions [--mentions 1000000] [--plans] [--store URL]

Prints how long each question takes, from Python and with its answer read; with --plans also how PostgreSQL does it.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Select, text
from sqlalchemy.dialects import postgresql

from pipeline.records import EventType, Mention, Role, RunnerUp, StoryEvent, StoryStatus
from pipeline.store import Store
from pipeline.store.queries import (
    Cursor,
    Filter,
    find_mentions,
    find_revisions,
    find_stories,
    languages,
    last_change,
    mentions_statement,
    outlets,
    reports_statement,
    stories_statement,
    successor,
    told_statement,
)
from tests.postgres import Postgres

START = datetime(2031, 1, 1, tzinfo=UTC)
LADDER = (3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LANGUAGES = ("en", "es", "de", "fr", "el", "pt", "it", "und")
NUM_OUTLETS = 2000
MOST_TOLD = 400
"""Reports that an event lists at most; with their copies 500 mentions, as `run` writes them."""
PAGE = 31
REPEATS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--store", metavar="URL", help="a PostgreSQL store to use and to keep; filled only if empty")
    arguments = parser.parse_args()
    with _database(arguments.store) as url, Store.open(url) as store:
        with store.reading() as connection:
            is_filled = last_change(connection) > 0
        if not is_filled:
            _load(store, arguments.mentions)
        _ask(store, arguments.plans)


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    postgres = Postgres()
    postgres.start()
    try:
        yield postgres.create_database("stories")
    finally:
        postgres.stop()
        postgres.throw_away()


def _load(store: Store, wanted: int) -> None:
    began = perf_counter()
    events = made_up_events(wanted)
    while part := [event.to_json("urn:made-up") for event in islice(events, 500)]:
        store.apply(part)
    seconds = perf_counter() - began
    with store.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        print(f"loaded in {seconds:.0f} s:")
        for table in ("stories", "revisions", "mentions", "articles", "story_words", "story_outlets"):
            count = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            size = connection.execute(text(f"SELECT pg_size_pretty(pg_total_relation_size('{table}'))")).scalar_one()
            print(f"  {table}: {count:,} rows, {size}")


@dataclass
class Vocabulary:
    """Words and outlets by Zipf's law: few are everywhere, most are rare."""

    random: Random

    def __post_init__(self) -> None:
        syllables = ["ba", "do", "ke", "li", "mu", "na", "po", "ri", "su", "ta", "ve", "zo", "gra", "sel", "tor", "win"]
        self._words = ["".join(self.random.choices(syllables, k=3)) for _ in range(20_000)]
        self._outlets = [f"The {word.title()} Herald" for word in self._words[:NUM_OUTLETS]]

    def words(self, count: int) -> list[str]:
        return [self._zipf(self._words) for _ in range(count)]

    def outlet(self) -> str:
        return self._zipf(self._outlets)

    def _zipf(self, items: list[str]) -> str:
        return items[int(len(items) ** self.random.random()) - 1]


def made_up_events(num_mentions: int) -> Iterator[StoryEvent]:
    """Make up events until they hold so many mentions; the same ones in every run."""
    random = Random(8)
    vocabulary = Vocabulary(random)
    told = 0
    number = 0
    while told < num_mentions:
        # Pareto: half the stories end below 5 reports, one in a thousand goes beyond 500.
        size = min(int(3 * random.paretovariate(1.1)), 6000)
        for event in _story_events(number, size, random, vocabulary):
            told += len(event.mentions)
            yield event
        number += 1


def _story_events(number: int, size: int, random: Random, vocabulary: Vocabulary) -> Iterator[StoryEvent]:
    made = _Story(number, random, vocabulary)
    known = 0
    rungs = [rung for rung in LADDER if rung <= size]
    for revision, rung in enumerate(rungs, start=1):
        kind = EventType.EMERGED if revision == 1 else EventType.GREW
        yield made.event(revision, kind, rung, range(known, rung))
        known = rung
    # Every tenth story is still open.
    if number % 10:
        yield made.event(len(rungs) + 1, EventType.CLOSED, known, range(0))


class _Story:
    def __init__(self, number: int, random: Random, vocabulary: Vocabulary) -> None:
        self._id = blake2b(str(number).encode(), digest_size=8).hexdigest()
        self._random = random
        self._vocabulary = vocabulary
        self._language = LANGUAGES[min(int(random.expovariate(0.8)), len(LANGUAGES) - 1)]
        self._first_seen = START + timedelta(seconds=30 * number)
        self._keywords = vocabulary.words(10)

    def event(self, revision: int, kind: EventType, num_reports: int, places: range) -> StoryEvent:
        mentions = [mention for place in places[:MOST_TOLD] for mention in self._mentions(place)]
        last_seen = self._first_seen + timedelta(minutes=num_reports)
        closed = kind is EventType.CLOSED
        return StoryEvent(
            type=kind,
            story_id=self._id,
            revision=revision,
            time=last_seen + timedelta(hours=72 if closed else 0),
            status=StoryStatus.CLOSED if closed else StoryStatus.ACTIVE,
            headline=" ".join(self._vocabulary.words(8)),
            keywords=tuple(self._keywords),
            language=self._language,
            num_reports=num_reports,
            num_copies=num_reports // 4,
            num_outlets=min(num_reports, NUM_OUTLETS),
            first_seen=self._first_seen,
            last_seen=last_seen,
            velocity_per_hour=float(min(num_reports, 60)),
            mentions=tuple(mentions),
            num_mentions_omitted=max(0, len(places) - MOST_TOLD),
        )

    def _mentions(self, place: int) -> Iterator[Mention]:
        yield self._mention(place, Role.REPORT)
        if place % 4 == 0:
            yield self._mention(place, Role.COPY)

    def _mention(self, place: int, role: Role) -> Mention:
        article_id = f"https://outlet.example/{self._id}/{role}/{place}"
        return Mention(
            article_id=article_id,
            role=role,
            observed_at=self._first_seen + timedelta(minutes=place),
            title=" ".join(self._vocabulary.words(8)),
            outlet=self._vocabulary.outlet(),
            url=article_id,
            similarity=round(self._random.random(), 4),
            terms=tuple(self._vocabulary.words(8)),
            runner_up=RunnerUp(self._id, 0.2) if place % 3 == 0 else None,
        )


def _ask(store: Store, with_plans: bool) -> None:
    with store.reading() as connection:
        print("\n| question | median ms | p95 ms | worst ms | rows |\n|---|--:|--:|--:|--:|")
        for name, ask in _questions(connection).items():
            _time(name, ask)
        if with_plans:
            for name, statement in _statements(connection).items():
                _explain(connection, name, statement)


def _filters(connection: Connection) -> dict[str, Filter]:
    common, rare = (_word(connection, order) for order in ("DESC", "ASC"))
    outlet = connection.execute(
        text("SELECT outlet FROM story_outlets GROUP BY 1 HAVING count(*) > 20 ORDER BY count(*) LIMIT 1")
    ).scalar_one()
    busiest = connection.execute(
        text("SELECT outlet FROM story_outlets GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    ).scalar_one()
    return {
        "open stories": Filter(),
        "all stories": Filter(status="all"),
        "a common language": Filter(language="en"),
        "a rare language": Filter(language="und"),
        "at least 20 reports": Filter(min_reports=20),
        "at least 2,000 reports": Filter(min_reports=2000),
        "the busiest outlet": Filter(outlet=busiest),
        "a small outlet": Filter(outlet=outlet),
        "a common word": Filter(words=common),
        "a rare word": Filter(words=rare, status="all"),
        "a common and a rare word": Filter(words=f"{common} {rare}", status="all"),
        "a word that is nowhere": Filter(words="xylographic"),
        "all filters at once": Filter("en", busiest, common, 10, "all"),
    }


def _word(connection: Connection, order: str) -> str:
    sql = f"SELECT word FROM story_words GROUP BY 1 HAVING count(*) > 3 ORDER BY count(*) {order}, word LIMIT 1"
    word: str = connection.execute(text(sql)).scalar_one()
    return word


def _largest(connection: Connection) -> str:
    story_id: str = connection.execute(
        text("SELECT id FROM stories ORDER BY num_reports DESC, id LIMIT 1")
    ).scalar_one()
    return story_id


def _deep(connection: Connection) -> Cursor:
    middle = "OFFSET (SELECT count(*) / 2 FROM stories)"
    row = connection.execute(
        text(f"SELECT told_at, id FROM stories ORDER BY told_at DESC, id DESC {middle} LIMIT 1")
    ).one()
    return Cursor(row.told_at.astimezone(UTC), row.id)


def _questions(connection: Connection) -> dict[str, Callable[[], Any]]:
    questions: dict[str, Callable[[], Any]] = {
        f"list: {name}": partial(find_stories, connection, wanted, PAGE)
        for name, wanted in _filters(connection).items()
    }
    story_id = _largest(connection)
    return questions | {
        "list: a page from the middle of all": partial(
            find_stories, connection, Filter(status="all"), PAGE, _deep(connection)
        ),
        "choices: languages": partial(languages, connection),
        "choices: outlets": partial(outlets, connection),
        "watch: number of the last change": lambda: [last_change(connection)],
        "story: where it goes on": lambda: [successor(connection, story_id)],
        "story: revisions": partial(find_revisions, connection, story_id),
        "story: first 100 reports": partial(find_mentions, connection, story_id, Role.REPORT, limit=100),
        "story: reports 1,001 to 1,100": partial(
            find_mentions, connection, story_id, Role.REPORT, limit=100, offset=1000
        ),
        "story: first 100 copies": partial(find_mentions, connection, story_id, Role.COPY, limit=100),
    }


def _time(name: str, ask: Callable[[], Any]) -> None:
    rows = len(ask())  # also warms the caches, as a page that is open does
    times = []
    for _ in range(REPEATS):
        began = perf_counter()
        ask()
        times.append(1000 * (perf_counter() - began))
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"| {name} | {statistics.median(times):.1f} | {p95:.1f} | {max(times):.1f} | {rows} |", flush=True)


def _statements(connection: Connection) -> dict[str, Select[Any]]:
    listed = [story.id for story in find_stories(connection, Filter(), PAGE)]
    lists = {f"list: {name}": stories_statement(wanted, PAGE) for name, wanted in _filters(connection).items()}
    return lists | {
        "list: reports of the small stories listed": reports_statement(listed),
        "list: events of the large stories listed": told_statement(listed),
        "story: first 100 reports": mentions_statement(_largest(connection), Role.REPORT, 100),
    }


def _explain(connection: Connection, name: str, statement: Select[Any]) -> None:
    sql = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY ON) {sql}".replace("%", "%%"))
    print(f"\n### {name}\n")
    print("\n".join(f"    {line}" for line in plan.scalars()))


if __name__ == "__main__":
    main()
