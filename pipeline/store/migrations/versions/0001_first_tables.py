"""Stories, revisions, mentions, articles, and what stories are found by."""

import sqlalchemy as sa
from alembic import op

from pipeline.store.tables import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "articles",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("outlet", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
        comment="What is known of an article, without its text; the key is a hash of the id, which may be long.",
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="One row, the number of the last change of anything. Writers queue for it, so it only rises.",
    )
    op.create_table(
        "stories",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("num_reports", sa.Integer(), nullable=False),
        sa.Column("num_copies", sa.Integer(), nullable=False),
        sa.Column("num_outlets", sa.Integer(), nullable=False),
        sa.Column("first_seen", UtcTime(), nullable=False),
        sa.Column("last_seen", UtcTime(), nullable=False),
        sa.Column("velocity_per_hour", sa.Float(), nullable=False),
        sa.Column("surge_score", sa.Float(), nullable=False),
        sa.Column("merged_into", sa.String(length=16), nullable=True),
        sa.Column("told_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Every story as its newest revision left it.",
    )
    op.create_index("ix_stories_by_language", "stories", ["language", "told_at", "id"])
    op.create_index("ix_stories_by_reports", "stories", ["num_reports", "told_at"])
    op.create_index("ix_stories_by_status", "stories", ["status", "told_at", "id"])
    op.create_index("ix_stories_by_time", "stories", ["told_at", "id"])
    op.create_table(
        "mentions",
        sa.Column("story_id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_key", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("observed_at", UtcTime(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("runner_up", sa.String(length=16), nullable=True),
        sa.Column("runner_up_similarity", sa.Float(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("moved_to", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["article_key"], ["articles.key"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("story_id", "revision", "position"),
        comment="An article's place in a story, with the answer to why it is there.",
    )
    op.create_index("ix_mentions_by_article", "mentions", ["article_key"])
    op.create_index("ix_mentions_by_time", "mentions", ["story_id", "role", "observed_at"])
    op.create_table(
        "revisions",
        sa.Column("story_id", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("time", UtcTime(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("num_reports", sa.Integer(), nullable=False),
        sa.Column("num_copies", sa.Integer(), nullable=False),
        sa.Column("num_outlets", sa.Integer(), nullable=False),
        sa.Column("surge_score", sa.Float(), nullable=False),
        sa.Column("num_mentions_omitted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("story_id", "revision"),
        comment="Every story event that was applied; its id is <story_id>-<revision>.",
    )
    op.create_table(
        "story_outlets",
        sa.Column("outlet", sa.Text(), nullable=False),
        sa.Column("story_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("outlet", "story_id"),
        comment="The outlets that a story was ever found in.",
    )
    op.create_index("ix_story_outlets_by_story", "story_outlets", ["story_id"])
    op.create_table(
        "story_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("story_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "story_id"),
        comment="The words of every headline and keyword that a story ever had.",
    )
    op.create_index("ix_story_words_by_story", "story_words", ["story_id"])
    op.execute("INSERT INTO changes (id, number) VALUES (1, 0)")


def downgrade() -> None:
    op.drop_table("story_words")
    op.drop_table("story_outlets")
    op.drop_table("revisions")
    op.drop_table("mentions")
    op.drop_table("stories")
    op.drop_table("changes")
    op.drop_table("articles")
