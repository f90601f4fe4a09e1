"""Story events as they travel, read back strictly: what is none is refused, and the message names the field."""

from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from pipeline.records import EventType, Mention, Role, RunnerUp, StoryEvent, StoryStatus

StoryId = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, lt=2**31)]
NotNegative = Annotated[float, Meta(ge=0)]


class MalformedEvent(ValueError):
    """What should be a story event is none, and trying again will not help.

    Parameters
    ----------
    detail
        What is wrong with it.
    index
        Which of several it was, counted from 0.
    """

    def __init__(self, detail: str, index: int = 0) -> None:
        super().__init__(f"no story event: {detail}; schemas/story-event.json says what one is")
        self.detail = detail
        self.index = index


class Told(NamedTuple):
    """A story event, and who told it."""

    event: StoryEvent
    source: str
    """CloudEvents ``source``."""


def event_from(line: bytes) -> StoryEvent:
    """Read a story event from CloudEvents JSON; fields that a later version may add are ignored.

    Raises
    ------
    MalformedEvent
        If it is none.
    """
    return told_from(line).event


def told_from(line: bytes) -> Told:
    """Read a story event with the name of the deployment that told it.

    Raises
    ------
    MalformedEvent
        If it is none.
    """
    try:
        envelope = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEvent(str(error)) from error
    event = _event(envelope)
    if envelope.id != event.id:
        raise MalformedEvent(f"its id {envelope.id!r} is not that of its story and revision, {event.id!r}")
    moments = [event.time, event.first_seen, event.last_seen, *(mention.observed_at for mention in event.mentions)]
    if any(moment.utcoffset() for moment in moments):
        raise MalformedEvent("a time in it is not in UTC (it must end with Z)")
    return Told(event, envelope.source)


class _RunnerUp(msgspec.Struct):
    story_id: StoryId
    similarity: float


class _Mention(msgspec.Struct):
    article_id: str
    role: Role
    observed_at: Moment
    title: str
    outlet: str | None
    url: str | None
    similarity: float | None
    terms: tuple[str, ...]
    runner_up: _RunnerUp | None
    late: bool
    moved_to: StoryId | None = None


class _Data(msgspec.Struct):
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
    mentions: tuple[_Mention, ...]
    num_mentions_omitted: Count
    surge_score: NotNegative = 0.0
    merged_into: StoryId | None = None


class _Envelope(msgspec.Struct):
    id: str
    source: str
    type: EventType
    time: Moment
    data: _Data


_DECODER = msgspec.json.Decoder(_Envelope)


def _event(envelope: _Envelope) -> StoryEvent:
    data = msgspec.structs.asdict(envelope.data)
    mentions = tuple(_mention(given) for given in data.pop("mentions"))
    return StoryEvent(type=envelope.type, time=envelope.time, mentions=mentions, **data)


def _mention(given: _Mention) -> Mention:
    second = given.runner_up
    runner_up = second and RunnerUp(second.story_id, second.similarity)
    return Mention(**{**msgspec.structs.asdict(given), "runner_up": runner_up})
