"""Story events for the store's tests, made up, as they are on the wire."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from pipeline.records import EventType, Mention, Role, StoryEvent, StoryStatus

START = datetime(2031, 5, 1, 6, 0, tzinfo=UTC)


def story_id(number: int) -> str:
    return f"{number:016x}"


def report(article_id: str, minutes: float = 0, **fields: Any) -> Mention:
    """Make a mention, a report unless a role is given, observed so many minutes after the start."""
    known = {"role": Role.REPORT, "title": f"Title of {article_id}", "outlet": f"Outlet of {article_id}"}
    url = f"https://outlet.example/{article_id}"
    return Mention(
        article_id=article_id, observed_at=START + timedelta(minutes=minutes), **{"url": url, **known, **fields}
    )


def event(number: int, revision: int = 1, *mentions: Mention, **fields: Any) -> bytes:
    """Make an event of story `number`: it emerges with its first revision and grows with every other."""
    known: dict[str, Any] = {
        "type": EventType.EMERGED if revision == 1 else EventType.GREW,
        "time": START + timedelta(minutes=10 * revision),
        "status": StoryStatus.ACTIVE,
        "headline": f"Lighthouse {number} goes dark, {revision}",
        "keywords": ("lighthouse", f"harbour{number}"),
        "language": "en",
        "num_reports": 2 + revision,
        "num_copies": 0,
        "num_outlets": 2,
        "first_seen": START,
        "last_seen": START + timedelta(minutes=10 * revision),
        "velocity_per_hour": 3.0,
    }
    made = StoryEvent(story_id=story_id(number), revision=revision, mentions=mentions, **{**known, **fields})
    return made.to_json("urn:test")


def merged(number: int, into: int, revision: int = 2) -> bytes:
    """Make the event that says that story `number` goes on as `into`."""
    none_left = {"num_reports": 0, "num_copies": 0, "num_outlets": 0, "velocity_per_hour": 0.0}
    over = {"type": EventType.MERGED, "status": StoryStatus.MERGED, "merged_into": story_id(into)}
    return event(number, revision, **over, **none_left)


def with_field(line: bytes, path: str, value: Any) -> bytes:
    """Set a field of an event, such as ``data.headline``, to what the type of it may not allow."""
    record = orjson.loads(line)
    *folders, name = path.split(".")
    inner = record
    for folder in folders:
        inner = inner[int(folder) if folder.isdigit() else folder]
    inner[name] = value
    return orjson.dumps(record)
