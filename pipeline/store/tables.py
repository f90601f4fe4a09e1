"""The tables, as the newest migration leaves them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class UtcTime(TypeDecorator[datetime]):
    """A point in time, aware and in UTC; SQLite keeps no zone, so it is put back on."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = MetaData()


def _of_story(**options: Any) -> Column[str]:
    return Column("story_id", String(16), ForeignKey("stories.id", ondelete="CASCADE"), nullable=False, **options)


changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    comment="One row, the number of the last change of anything. Writers queue for it, so it only rises.",
)

stories = Table(
    "stories",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("headline", Text, nullable=False),
    Column("keywords", JSON, nullable=False),
    Column("language", Text, nullable=False),
    Column("num_reports", Integer, nullable=False),
    Column("num_copies", Integer, nullable=False),
    Column("num_outlets", Integer, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("velocity_per_hour", Float, nullable=False),
    Column("surge_score", Float, nullable=False),
    Column("merged_into", String(16)),
    Column("told_at", UtcTime, nullable=False),
    Index("ix_stories_by_status", "status", "told_at", "id"),
    Index("ix_stories_by_time", "told_at", "id"),
    Index("ix_stories_by_language", "language", "told_at", "id"),
    Index("ix_stories_by_reports", "num_reports", "told_at"),
    comment="Every story as its newest revision left it.",
)

revisions = Table(
    "revisions",
    metadata,
    _of_story(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("type", String(64), nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("source", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("headline", Text, nullable=False),
    Column("num_reports", Integer, nullable=False),
    Column("num_copies", Integer, nullable=False),
    Column("num_outlets", Integer, nullable=False),
    Column("surge_score", Float, nullable=False),
    Column("num_mentions_omitted", Integer, nullable=False),
    comment="Every story event that was applied; its id is <story_id>-<revision>.",
)

articles = Table(
    "articles",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("outlet", Text),
    Column("url", Text),
    Column("language", Text, nullable=False),
    Column("changed_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    comment="What is known of an article, without its text; the key is a hash of the id, which may be long.",
)

mentions = Table(
    "mentions",
    metadata,
    _of_story(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("article_key", String(32), ForeignKey("articles.key", ondelete="CASCADE"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("similarity", Float),
    Column("terms", JSON, nullable=False),
    Column("runner_up", String(16)),
    Column("runner_up_similarity", Float),
    Column("late", Boolean, nullable=False),
    Column("moved_to", String(16)),
    Index("ix_mentions_by_time", "story_id", "role", "observed_at"),
    Index("ix_mentions_by_article", "article_key"),
    comment="An article's place in a story, with the answer to why it is there.",
)

story_words = Table(
    "story_words",
    metadata,
    Column("word", Text, primary_key=True),
    _of_story(primary_key=True),
    Index("ix_story_words_by_story", "story_id"),
    comment="The words of every headline and keyword that a story ever had.",
)

story_outlets = Table(
    "story_outlets",
    metadata,
    Column("outlet", Text, primary_key=True),
    _of_story(primary_key=True),
    Index("ix_story_outlets_by_story", "story_id"),
    comment="The outlets that a story was ever found in.",
)
