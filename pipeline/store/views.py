"""What is read from the store: plain records, as pages and the API show them."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.records import EventType, Role, StoryStatus


@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """How many reports a story had at a time: those taken down later are counted, those that moved are not."""

    time: datetime
    num_reports: int


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story as its newest revision left it, and how it grew."""

    id: str
    revision: int
    status: StoryStatus
    headline: str
    keywords: tuple[str, ...]
    language: str
    num_reports: int
    num_copies: int
    num_outlets: int
    first_seen: datetime
    last_seen: datetime
    velocity_per_hour: float
    surge_score: float
    merged_into: str | None
    told_at: datetime
    """Event time of the newest revision."""
    growth: tuple[GrowthPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One event of a story."""

    revision: int
    type: EventType
    time: datetime
    headline: str
    num_reports: int
    num_copies: int
    num_outlets: int
    surge_score: float
    num_mentions_omitted: int


@dataclass(frozen=True, slots=True)
class RunnerUpView:
    """The story that came second; its headline is known if it ever emerged."""

    story_id: str
    similarity: float
    headline: str | None


@dataclass(frozen=True, slots=True)
class HomeView:
    """The story that an article moved to; its headline is known if the store knows the story."""

    story_id: str
    headline: str | None


@dataclass(frozen=True, slots=True)
class MentionView:
    """An article's place in a story, and why it is there. Title and address are those of its newest revision."""

    article_id: str
    role: Role
    observed_at: datetime
    title: str | None
    """None once the article was taken down."""
    outlet: str | None
    url: str | None
    similarity: float | None
    terms: tuple[str, ...]
    runner_up: RunnerUpView | None
    late: bool
    revised_at: datetime | None
    withdrawn: bool
    moved_to: HomeView | None
    """Where it belongs, if its role is moved."""
