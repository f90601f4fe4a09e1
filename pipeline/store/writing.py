"""How events become rows. All of it runs inside one transaction, behind the lock that `begin_change` takes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Table, column, func, literal, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.events import Told
from pipeline.records import Mention, Role, StoryEvent
from pipeline.store.keys import article_key, outlet_key, word_keys
from pipeline.store.tables import (
    articles,
    changes,
    mentions,
    revisions,
    stories,
    story_outlets,
    story_words,
)

_KEYS_A_STATEMENT = 500

Row = Mapping[str, Any]


def begin_change(connection: Connection) -> None:
    """Count this change. Whoever comes second waits until the first has committed or given up."""
    connection.execute(update(changes).values(number=changes.c.number + 1))


def unseen(connection: Connection, events: Iterable[Told]) -> list[Told]:
    """Give the events that the store does not have, each once, in the order in which they were told."""
    by_key = {(told.event.story_id, told.event.revision): told for told in events}
    key = tuple_(revisions.c.story_id, revisions.c.revision)
    for part in _parts(list(by_key)):
        for there in connection.execute(select(revisions.c.story_id, revisions.c.revision).where(key.in_(part))):
            del by_key[there.story_id, there.revision]
    return sorted(by_key.values(), key=lambda told: told.event.order)


def write(connection: Connection, events: Sequence[Told]) -> None:
    """Write events of which none is in the store, and none given twice."""
    newest: dict[str, StoryEvent] = {}
    for event, _ in events:
        known = newest.get(event.story_id)
        if known is None or event.revision > known.revision:
            newest[event.story_id] = event
    rows = [_story_row(event) for event in newest.values()]
    _put(connection, stories, rows, tuple(rows[0]), lambda new: new.revision > stories.c.revision)
    _put(connection, revisions, [_revision_row(told) for told in events])
    mentioned = [(event, mention) for event, _ in events for mention in event.mentions]
    _put_articles(connection, mentioned)
    _put(connection, mentions, [row for event, _ in events for row in _mention_rows(event)])
    _put(connection, story_words, _word_rows(event for event, _ in events))
    outlets = {(outlet_key(mention.outlet), event.story_id) for event, mention in mentioned if mention.outlet}
    _put(connection, story_outlets, [{"outlet": outlet, "story_id": story} for outlet, story in sorted(outlets)])


def _put_articles(connection: Connection, mentioned: Sequence[tuple[StoryEvent, Mention]]) -> None:
    """Write what is known of articles: the newest content, and the newest takedown, each by its own time.

    They are kept apart so that the outcome does not depend on which of them is heard of first.
    """
    contents: dict[str, Row] = {}
    takedowns: dict[str, Row] = {}
    for event, mention in sorted(mentioned, key=lambda each: each[1].observed_at):
        if mention.role is Role.TAKEDOWN:
            row = _article_row(event, mention) | {"changed_at": None, "withdrawn_at": mention.observed_at}
            takedowns[row["key"]] = row
        else:
            row = _article_row(event, mention) | {"changed_at": mention.observed_at, "withdrawn_at": None}
            contents[row["key"]] = row
    known = articles.c
    content = ("title", "outlet", "url", "language", "changed_at")
    _put(connection, articles, contents.values(), content, lambda new: _is_newer(new.changed_at, known.changed_at))
    _put(
        connection,
        articles,
        takedowns.values(),
        ("withdrawn_at",),
        lambda new: _is_newer(new.withdrawn_at, known.withdrawn_at),
    )


def _is_newer(new: ColumnElement[Any], known: ColumnElement[Any]) -> ColumnElement[bool]:
    return known.is_(None) | (new >= known)


def _put(
    connection: Connection,
    table: Table,
    rows: Iterable[Row],
    replaced: Sequence[str] = (),
    newer: Callable[[Any], ColumnElement[bool]] | None = None,
) -> None:
    """Insert rows; of one that is there already replace some columns if the new one is newer, else leave it."""
    rows = list(rows)
    if not rows:
        return
    on_postgresql = connection.dialect.name == "postgresql"
    statement = _insert_of_json(table, rows) if on_postgresql else sqlite.insert(table)
    if newer is None:
        statement = statement.on_conflict_do_nothing()
    else:
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key), set_={name: new[name] for name in replaced}, where=newer(new)
        )
    connection.execute(statement, None if on_postgresql else rows)


def _insert_of_json(table: Table, rows: list[Row]) -> postgresql.Insert:
    """Hand all rows over as one value, which the server takes apart: the driver is slow at many."""
    columns = [column(name, table.c[name].type) for name in rows[0]]
    handed_over = func.json_to_recordset(literal(rows, JSON)).table_valued(*columns).render_derived(with_types=True)
    return postgresql.insert(table).from_select(list(rows[0]), select(handed_over))


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _KEYS_A_STATEMENT] for start in range(0, len(items), _KEYS_A_STATEMENT))


def _story_row(event: StoryEvent) -> Row:
    return {
        "id": event.story_id,
        "revision": event.revision,
        "status": event.status,
        "headline": event.headline,
        "keywords": event.keywords,
        "language": event.language,
        "num_reports": event.num_reports,
        "num_copies": event.num_copies,
        "num_outlets": event.num_outlets,
        "first_seen": event.first_seen,
        "last_seen": event.last_seen,
        "velocity_per_hour": event.velocity_per_hour,
        "surge_score": event.surge_score,
        "merged_into": event.merged_into,
        "told_at": event.time,
    }


def _revision_row(told: Told) -> Row:
    event, source = told
    return {
        "story_id": event.story_id,
        "revision": event.revision,
        "type": event.type,
        "time": event.time,
        "source": source,
        "status": event.status,
        "headline": event.headline,
        "num_reports": event.num_reports,
        "num_copies": event.num_copies,
        "num_outlets": event.num_outlets,
        "surge_score": event.surge_score,
        "num_mentions_omitted": event.num_mentions_omitted,
    }


def _article_row(event: StoryEvent, mention: Mention) -> dict[str, Any]:
    return {
        "key": article_key(mention.article_id),
        "id": mention.article_id,
        "title": mention.title,
        "outlet": mention.outlet,
        "url": mention.url,
        "language": event.language,
    }


def _mention_rows(event: StoryEvent) -> Iterator[Row]:
    for position, mention in enumerate(event.mentions):
        yield {
            "story_id": event.story_id,
            "revision": event.revision,
            "position": position,
            "article_key": article_key(mention.article_id),
            "role": mention.role,
            "observed_at": mention.observed_at,
            "similarity": mention.similarity,
            "terms": mention.terms,
            "runner_up": mention.runner_up and mention.runner_up.story_id,
            "runner_up_similarity": mention.runner_up and mention.runner_up.similarity,
            "late": mention.late,
            "moved_to": mention.moved_to,
        }


def _word_rows(events: Iterable[StoryEvent]) -> list[Row]:
    found = {(word, event.story_id) for event in events for word in word_keys(event.headline, *event.keywords)}
    return [{"word": word, "story_id": story} for word, story in sorted(found)]
