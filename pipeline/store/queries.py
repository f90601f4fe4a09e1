"""The questions that pages ask, each answered through an index; docs/store.md has their plans and times."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, exists, func, or_, select, tuple_

from pipeline.records import EventType, Role, StoryStatus
from pipeline.store.keys import outlet_key, without_null, word_keys
from pipeline.store.tables import articles, changes, mentions, revisions, stories, story_outlets, story_words
from pipeline.store.views import GrowthPoint, HomeView, MentionView, RevisionView, RunnerUpView, StoryView

_MOST_CHOICES = 500
_PLACES = (Role.REPORT, Role.COPY, Role.MOVED)
"""Roles that say whether an article belongs to a story."""
_DRAWN_BY_REPORT = 50
"""Stories of up to so many reports are drawn report by report, larger ones event by event."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which stories are wanted; what is left out does not matter."""

    language: str | None = None
    outlet: str | None = None
    words: str | None = None
    """Every one of them stands in a headline or among the keywords; case and accents do not matter."""
    min_reports: int | None = None
    status: Literal["open", "all"] = "open"
    """``all`` also gives the stories that are closed or withdrawn; those merged into others are never listed."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of stories ended."""

    told_at: datetime
    story_id: str


def find_stories(connection: Connection, wanted: Filter, limit: int, after: Cursor | None = None) -> list[StoryView]:
    """Find stories, those first of which something was told last.

    Parameters
    ----------
    connection
        To the store.
    wanted
        Which stories.
    limit
        Most stories to give.
    after
        Where the page before ended; none for the first page.
    """
    found = connection.execute(stories_statement(wanted, limit, after)).all()
    growth = _growth(connection, found)
    return [_story(row, growth[row.id]) for row in found]


def stories_statement(wanted: Filter, limit: int, after: Cursor | None = None) -> Select[Any]:
    """Give the SQL of `find_stories`; it is public so that its plan can be looked at."""
    story = stories.c
    conditions = (
        [story.status == StoryStatus.ACTIVE] if wanted.status == "open" else [story.status != StoryStatus.MERGED]
    )
    if wanted.language:
        conditions.append(story.language == without_null(wanted.language))
    if wanted.min_reports:
        conditions.append(story.num_reports >= wanted.min_reports)
    if wanted.outlet:
        there = select(story_outlets.c.story_id).where(story_outlets.c.outlet == outlet_key(wanted.outlet))
        conditions.append(story.id.in_(there))
    having = select(story_words.c.story_id)
    conditions += [
        story.id.in_(having.where(story_words.c.word == word)) for word in sorted(word_keys(wanted.words or ""))
    ]
    if after:
        earlier = and_(story.told_at == after.told_at, story.id < after.story_id)
        conditions.append(and_(story.told_at <= after.told_at, or_(story.told_at < after.told_at, earlier)))
    return select(stories).where(*conditions).order_by(story.told_at.desc(), story.id.desc()).limit(limit)


def find_story(connection: Connection, story_id: str) -> StoryView | None:
    """Find a story by its id."""
    row = connection.execute(select(stories).where(stories.c.id == story_id)).one_or_none()
    return None if row is None else _story(row, _growth(connection, [row])[story_id])


def successor(connection: Connection, story_id: str) -> str:
    """Follow merges to the story that goes on; a story that was not merged, or into one not known yet, is its own."""
    followed = select(stories.c.id, stories.c.merged_into).where(stories.c.id == story_id).cte(recursive=True)
    # A union drops what it has seen: a ring of merges, which no honest stream tells of, ends too.
    followed = followed.union(select(stories.c.id, stories.c.merged_into).where(stories.c.id == followed.c.merged_into))
    found = connection.execute(select(followed.c.id, followed.c.merged_into)).all()
    ends = [row.id for row in found if row.merged_into is None]
    return ends[0] if ends else (found[-1].id if found else story_id)


def find_revisions(connection: Connection, story_id: str) -> list[RevisionView]:
    """Give the events of a story, the newest first."""
    found = select(revisions).where(revisions.c.story_id == story_id).order_by(revisions.c.revision.desc())
    return [
        RevisionView(
            revision=row.revision,
            type=EventType(row.type),
            time=row.time,
            headline=row.headline,
            num_reports=row.num_reports,
            num_copies=row.num_copies,
            num_outlets=row.num_outlets,
            surge_score=row.surge_score,
            num_mentions_omitted=row.num_mentions_omitted,
        )
        for row in connection.execute(found)
    ]


def find_mentions(
    connection: Connection, story_id: str, role: Role, *, limit: int, offset: int = 0
) -> list[MentionView]:
    """Give the articles that have a role in a story, the first to come first, as the story told them last.

    An article that moved has that role alone; one that came back has its old role again.
    """
    return [_mention(row) for row in connection.execute(mentions_statement(story_id, role, limit, offset))]


def mentions_statement(story_id: str, role: Role, limit: int, offset: int = 0) -> Select[Any]:
    """Give the SQL of `find_mentions`."""
    mention = mentions.c
    order = ("observed_at", "revision", "position")
    page = (
        select(mentions)
        .where(mention.story_id == story_id, mention.role == role, _is_last_word())
        .order_by(*(mention[name] for name in order))
        .limit(limit)
        .offset(offset)
        # A query of its own, so that only what is on the page is looked up in the other tables.
        .subquery()
    )
    known = articles.c
    second, home = stories.alias("second"), stories.alias("home")
    return (
        select(
            *(column for column in page.c if column.name not in {*order[1:], "story_id", "article_key"}),
            *(column for column in known if column.name not in {"key", "language"}),
            second.c.headline.label("runner_up_headline"),
            home.c.headline.label("moved_to_headline"),
        )
        .join_from(page, articles, known.key == page.c.article_key)
        .join(second, second.c.id == page.c.runner_up, isouter=True)
        .join(home, home.c.id == page.c.moved_to, isouter=True)
        .order_by(*(page.c[name] for name in order))
    )


def _is_last_word() -> ColumnElement[bool]:
    """Tell whether a story did not say later that the article moved, or that it is there again."""
    mention, later = mentions.c, mentions.alias("later").c
    said_later = exists().where(
        later.story_id == mention.story_id,
        later.article_key == mention.article_key,
        later.role.in_(_PLACES),
        tuple_(later.revision, later.position) > tuple_(mention.revision, mention.position),
    )
    return ~said_later


def last_change(connection: Connection) -> int:
    """Give the number of the last change of anything in the store."""
    number: int = connection.execute(select(changes.c.number)).scalar_one()
    return number


def languages(connection: Connection) -> list[str]:
    """Name the languages that stories are in."""
    return _distinct(connection, stories.c.language)


def outlets(connection: Connection) -> list[str]:
    """Name the outlets, in the order of the database, up to 500 of them."""
    return _distinct(connection, story_outlets.c.outlet)


def _distinct(connection: Connection, column: Column[str]) -> list[str]:
    """Leap from one value to the next along the index, where `DISTINCT` would read all of it."""
    values = select(func.min(column).label("value")).cte(recursive=True)
    following = select(func.min(column)).where(column > values.c.value).scalar_subquery()
    values = values.union_all(select(following).where(values.c.value.is_not(None)))
    found = select(values.c.value).where(values.c.value.is_not(None)).limit(_MOST_CHOICES)
    return list(connection.execute(found).scalars())


def _growth(connection: Connection, found: Iterable[Row[Any]]) -> dict[str, tuple[GrowthPoint, ...]]:
    """Give the reports of stories over time: a bounded number of points, however large the stories are."""
    growth: defaultdict[str, tuple[GrowthPoint, ...]] = defaultdict(tuple)
    found = list(found)
    large = [row.id for row in found if row.num_reports > _DRAWN_BY_REPORT]
    for row in connection.execute(told_statement(large)) if large else ():
        growth[row.story_id] += (GrowthPoint(row.time, row.num_reports),)
    small = [row.id for row in found if row.num_reports <= _DRAWN_BY_REPORT]
    for row in connection.execute(reports_statement(small)) if small else ():
        growth[row.story_id] += (GrowthPoint(row.observed_at, len(growth[row.story_id]) + 1),)
    return growth


def told_statement(story_ids: Sequence[str]) -> Select[Any]:
    """Give the SQL of how many reports the events of stories told of."""
    told = revisions.c
    return (
        select(told.story_id, told.time, told.num_reports)
        .where(told.story_id.in_(story_ids))
        .order_by(told.story_id, told.revision)
    )


def reports_statement(story_ids: Sequence[str]) -> Select[Any]:
    """Give the SQL of when the reports of stories came."""
    mention = mentions.c
    return (
        select(mention.story_id, mention.observed_at)
        .where(mention.story_id.in_(story_ids), mention.role == Role.REPORT, _is_last_word())
        .order_by(mention.story_id, mention.observed_at)
    )


def _story(row: Row[Any], growth: tuple[GrowthPoint, ...]) -> StoryView:
    return StoryView(
        id=row.id,
        revision=row.revision,
        status=StoryStatus(row.status),
        headline=row.headline,
        keywords=tuple(row.keywords),
        language=row.language,
        num_reports=row.num_reports,
        num_copies=row.num_copies,
        num_outlets=row.num_outlets,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        velocity_per_hour=row.velocity_per_hour,
        surge_score=row.surge_score,
        merged_into=row.merged_into,
        told_at=row.told_at,
        growth=growth,
    )


def _mention(row: Row[Any]) -> MentionView:
    withdrawn = row.withdrawn_at is not None and (row.changed_at is None or row.withdrawn_at >= row.changed_at)
    moved_to = row.moved_to and HomeView(row.moved_to, row.moved_to_headline)
    runner_up = row.runner_up and RunnerUpView(row.runner_up, row.runner_up_similarity, row.runner_up_headline)
    return MentionView(
        article_id=row.id,
        role=Role(row.role),
        observed_at=row.observed_at,
        title=None if withdrawn else row.title,
        outlet=row.outlet,
        url=None if withdrawn else row.url,
        similarity=row.similarity,
        terms=tuple(row.terms),
        runner_up=runner_up,
        late=row.late,
        revised_at=row.changed_at if row.changed_at and row.changed_at > row.observed_at else None,
        withdrawn=withdrawn,
        moved_to=moved_to,
    )
