"""Story events as they travel, read strictly: what is none is refused before anything is written."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pipeline.records import EventType, Role, StoryStatus
from pipeline.store.keys import without_null

StoryId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, lt=2**31)]
NotNegative = Annotated[float, Meta(ge=0)]


class MalformedEvent(ValueError):
    """Input that can never become part of the store.

    Parameters
    ----------
    index
        Which of the events it was, counted from 0.
    detail
        What is wrong with it.
    """

    def __init__(self, index: int, detail: str) -> None:
        super().__init__(f"event {index + 1} is no story event: {detail}; schemas/story-event.json says what one is")
        self.index = index
        self.detail = detail


class RunnerUp(msgspec.Struct, frozen=True):
    """The story that came second when an article was placed."""

    story_id: StoryId
    similarity: float


class Mention(msgspec.Struct, frozen=True):
    """An article's place in a story."""

    article_id: str
    role: Role
    observed_at: Moment
    title: str
    outlet: str | None
    url: str | None
    similarity: float | None
    terms: tuple[str, ...]
    runner_up: RunnerUp | None
    late: bool


class Data(msgspec.Struct, frozen=True):
    """What an event says of its story. Fields that a later version may add are ignored."""

    story_id: StoryId
    revision: Annotated[int, Meta(ge=1, lt=2**31)]
    status: StoryStatus
    headline: str
    keywords: tuple[str, ...]
    language: Annotated[str, Meta(max_length=64)]
    num_reports: Count
    num_copies: Count
    num_outlets: Count
    first_seen: Moment
    last_seen: Moment
    velocity_per_hour: NotNegative
    mentions: tuple[Mention, ...]
    num_mentions_omitted: Count
    surge_score: NotNegative = 0.0
    merged_into: StoryId | None = None


class Event(msgspec.Struct, frozen=True):
    """A CloudEvents record in structured mode."""

    id: str
    source: str
    type: EventType
    time: Moment
    data: Data


def decode_events(lines: list[bytes]) -> list[Event]:
    """Read events from CloudEvents JSON.

    Raises
    ------
    MalformedEvent
        At the first that is none; the message names the field, and its `index` says which it was.
    """
    return [_decode(index, line) for index, line in enumerate(lines)]


def _decode(index: int, line: bytes) -> Event:
    try:
        event = _DECODER.decode(line)
        if b"\\u0000" in line:
            event = msgspec.convert(_cleaned(msgspec.to_builtins(event)), Event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEvent(index, str(error)) from error
    if event.id != f"{event.data.story_id}-{event.data.revision}":
        raise MalformedEvent(index, f"its id {event.id!r} is not that of its story and revision")
    if any(moment.utcoffset() for moment in _moments(event)):
        raise MalformedEvent(index, "a time in it is not in UTC (it must end with Z)")
    return event


def _moments(event: Event) -> list[datetime]:
    data = event.data
    return [event.time, data.first_seen, data.last_seen, *(mention.observed_at for mention in data.mentions)]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return without_null(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


_DECODER = msgspec.json.Decoder(Event)
