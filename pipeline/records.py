"""The wire contract: what comes in, what goes out, and how each is written as JSON.

An article arrives as a `RawArticle` (bytes of one article and where they came from), is parsed into an `Article`, and
leaves its trace as an `Assignment`, in `StoryEvent` records, or as a `DeadLetter`. Importing this module never imports
Beam or Kafka.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

import orjson

DEAD_LETTER_RAW_BYTES = 65_536
"""Longest piece of the original input that a dead letter carries, before base64."""

MediaType = Literal["json", "html", "text"]


class MalformedArticle(ValueError):
    """Input that can never become an article: it is dead-lettered, never retried.

    Parameters
    ----------
    code
        Short machine-readable class of the failure, such as ``wrong-shape``.
    detail
        A sentence for people: the value, the place and the remedy.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class RawArticle:
    """The bytes of one article as a connector found them, not yet decoded or parsed."""

    source: str
    """Where it came from: a path, plus ``:`` and the line for many-in-one files; or topic, partition and offset."""
    data: bytes
    media_type: MediaType
    seen_at: datetime
    """Event time of an article that brings no date of its own."""


@dataclass(frozen=True, slots=True)
class Article:
    """One published item, as its outlet gave it. All times are aware and in UTC."""

    id: str
    title: str
    text: str
    observed_at: datetime
    """Event time: stamped once by whatever first reads the article, never changed after. Orders everything."""
    published_at: datetime | None = None
    """The outlet's claim: serves verification and display, never order."""
    updated_at: datetime | None = None
    url: str | None = None
    outlet: str | None = None
    language: str | None = None
    """BCP 47 primary tag in lower case, if given; a given language wins over detection."""
    deleted: bool = False
    source: str = ""

    def to_json(self) -> bytes:
        """Write the article as one JSON object, as it travels in the topic ``articles`` (`source` stays behind)."""
        record = {
            "id": self.id,
            "url": self.url,
            "outlet": self.outlet,
            "title": self.title,
            "text": self.text,
            "language": self.language,
            "published_at": _iso(self.published_at),
            "observed_at": _iso(self.observed_at),
            "updated_at": _iso(self.updated_at),
            "deleted": self.deleted or None,
        }
        return orjson.dumps({name: value for name, value in record.items() if value is not None})


class Parsed(Protocol):
    """An article, and what was odd about it."""

    @property
    def article(self) -> Article: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


Parse = Callable[[RawArticle], Parsed]
"""Turns raw bytes into an article, or raises `MalformedArticle`. Handed in to whatever may not import a connector."""


class Role(StrEnum):
    """What an article is to its story."""

    REPORT = "report"
    """An independent account: evidence that something happened."""
    COPY = "copy"
    """A syndicated near-duplicate of a report: reach, not evidence."""
    REVISION = "revision"
    """New content under a known id: it replaces what was there."""
    REPEAT = "repeat"
    """A known id with the content it already had: nothing new."""
    TAKEDOWN = "takedown"
    """``deleted: true``: the mention is withdrawn."""
    MOVED = "moved"
    """It turned out to belong to another story: the mention is withdrawn here."""


class EventType(StrEnum):
    """CloudEvents ``type`` of a story event."""

    EMERGED = "wirewatch.story.emerged.v1"
    GREW = "wirewatch.story.grew.v1"
    SURGED = "wirewatch.story.surged.v1"
    MERGED = "wirewatch.story.merged.v1"
    CORRECTED = "wirewatch.story.corrected.v1"
    CLOSED = "wirewatch.story.closed.v1"


class StoryStatus(StrEnum):
    """Where a story stands after an event."""

    ACTIVE = "active"
    MERGED = "merged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class RunnerUp(NamedTuple):
    """The story that came second when an article was placed."""

    story_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Mention:
    """An article's place in a story, with the answer to "why is this here?"."""

    article_id: str
    role: Role
    observed_at: datetime
    title: str = ""
    outlet: str | None = None
    url: str | None = None
    similarity: float | None = None
    """Cosine to the story when the article was admitted (estimated Jaccard for a copy); none for a founding report."""
    terms: tuple[str, ...] = ()
    """Terms that matched, the weightiest first."""
    runner_up: RunnerUp | None = None
    late: bool = False
    moved_to: str | None = None
    """The story that has it now, if `role` is moved."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "article_id": self.article_id,
            "role": self.role.value,
            "outlet": self.outlet,
            "url": self.url,
            "title": self.title,
            "observed_at": _iso(self.observed_at),
            "similarity": _rounded(self.similarity),
            "terms": list(self.terms),
            "runner_up": self.runner_up
            and {"story_id": self.runner_up.story_id, "similarity": _rounded(self.runner_up.similarity)},
            "late": self.late,
            "moved_to": self.moved_to,
        }


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """What changed in a story: a CloudEvents 1.0 record whose id is the same in every replay."""

    type: EventType
    story_id: str
    revision: int
    """1 for the first event of a story, then 2, 3, ... without gaps."""
    time: datetime
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
    """Reports per hour over the story's last hour of event time."""
    surge_score: float = 0.0
    """How much faster the story grows than it used to; 0 when it does not."""
    merged_into: str | None = None
    """The story that goes on in this one's place, once `status` is merged."""
    mentions: tuple[Mention, ...] = field(default=())
    """Mentions added since the last revision."""
    num_mentions_omitted: int = 0
    """Mentions since the last revision that the event's size left no room for; the assignments name them."""

    @property
    def id(self) -> str:
        return f"{self.story_id}-{self.revision}"

    @property
    def order(self) -> tuple[datetime, str, int]:
        """Sort key of every file of events."""
        return (self.time, self.story_id, self.revision)

    def to_json(self, source: str) -> bytes:
        """Write the event in CloudEvents structured mode.

        Parameters
        ----------
        source
            CloudEvents ``source``: names the deployment, fixed by configuration.
        """
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": self.id,
                "source": source,
                "type": self.type.value,
                "subject": self.story_id,
                "time": _iso(self.time),
                "datacontenttype": "application/json",
                "data": {
                    "story_id": self.story_id,
                    "revision": self.revision,
                    "status": self.status.value,
                    "headline": self.headline,
                    "keywords": list(self.keywords),
                    "language": self.language,
                    "num_reports": self.num_reports,
                    "num_copies": self.num_copies,
                    "num_outlets": self.num_outlets,
                    "first_seen": _iso(self.first_seen),
                    "last_seen": _iso(self.last_seen),
                    "velocity_per_hour": _rounded(self.velocity_per_hour),
                    "surge_score": _rounded(self.surge_score),
                    "merged_into": self.merged_into,
                    "mentions": [mention.to_dict() for mention in self.mentions],
                    "num_mentions_omitted": self.num_mentions_omitted,
                },
            }
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where one article ended up. `story_id` is none only for a takedown of something never seen."""

    article_id: str
    source: str
    story_id: str | None
    role: Role
    micro_id: str | None = None
    """The micro-cluster that it is in; when that goes over to another story, so does the article (`Move`)."""

    def to_json(self) -> bytes:
        return orjson.dumps(
            {
                "article_id": self.article_id,
                "source": self.source,
                "story_id": self.story_id,
                "role": self.role.value,
            }
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A micro-cluster, and so all articles assigned to it, goes over to another story."""

    micro_id: str
    story_id: str
    tick: int
    """When, in microseconds since 1970: the last one counts."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Input that can never be processed, kept with the reason and enough of itself to mend and replay it."""

    stage: str
    reason: str
    source: str
    raw: bytes

    def to_json(self) -> bytes:
        """Write the dead letter; `raw` is base64 of the first `DEAD_LETTER_RAW_BYTES` bytes."""
        return orjson.dumps(
            {
                "stage": self.stage,
                "reason": self.reason,
                "source": self.source,
                "raw": base64.b64encode(self.raw[:DEAD_LETTER_RAW_BYTES]).decode("ascii"),
            }
        )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
