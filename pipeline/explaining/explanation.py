"""What an explanation holds: plain records, written as JSON as they are."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.records import Role, StoryStatus


@dataclass(frozen=True, slots=True)
class NamedStory:
    """Another story."""

    story_id: str
    headline: str | None
    """None if no event tells of it: it has not emerged, or its events are elsewhere."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a story did."""

    time: datetime
    what: str
    """The name of the event, such as emerged; or ``merged from``, of what another story's event tells."""
    num_reports: int
    num_copies: int
    num_outlets: int
    other: NamedStory | None = None
    """The story merged into, or from."""


@dataclass(frozen=True, slots=True)
class RunnerUpStory:
    """The story that came second when an article was placed."""

    story: NamedStory
    similarity: float
    weaker_by: float | None
    """How much less similar it was; none if the article founded its story. Below 0 it was nearer, but less alike as a
    whole."""


@dataclass(frozen=True, slots=True)
class ExplainedMention:
    """An article's place in a story."""

    article_id: str
    role: Role
    """The last that the story said of it: report, copy, takedown or moved."""
    outlet: str | None
    title: str
    observed_at: datetime
    similarity: float | None
    terms: tuple[str, ...]
    runner_up: RunnerUpStory | None
    late: bool
    revised_at: datetime | None
    came_from: NamedStory | None
    """The story that told it before, until a second look."""
    moved_to: NamedStory | None


@dataclass(frozen=True, slots=True)
class ExplainedStory:
    """A story, its life, and its articles in the order in which it told of them."""

    story_id: str
    headline: str
    language: str
    status: StoryStatus
    num_reports: int
    num_copies: int
    num_outlets: int
    life: tuple[Step, ...]
    num_missing_revisions: int
    num_mentions_omitted: int
    mentions: tuple[ExplainedMention, ...]
