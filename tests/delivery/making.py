"""Made-up story events."""

from datetime import UTC, datetime, timedelta

from pipeline.records import EventType, Mention, Role, StoryEvent, StoryStatus

MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
NASTY = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "header": "Ferry\r\nBcc: everybody@example.org\r\n\r\nbody",
    "turned": "harmless\u202egnp.exe\u2066 name\u061c",
    "null": "a\0b\x07c\x1b[31md\u2028e",
    "long": "x" * 10_000,
    "call": "<!channel> @here *bold* [link](https://evil.example) <https://evil.example|bank> & &lt;",
    "scripts": "खबर 東京 أخبار Ειδήσεις 👩‍🚒",
}


def event(
    number: int = 1,
    *,
    revision: int = 1,
    type: EventType = EventType.EMERGED,
    num_reports: int = 3,
    title: str = "Ferry sinks off Grey Heron",
    outlet: str = "Harbour Post",
    **more: object,
) -> StoryEvent:
    """Make one event of the story of that number."""
    time = MORNING + timedelta(seconds=number)
    mention = Mention("a1", Role.REPORT, time, title, outlet, "https://harbour.example/a?b=1&c=2", 0.5, ("ferry",))
    fields: dict[str, object] = {
        "type": type,
        "story_id": f"{number:016x}",
        "revision": revision,
        "time": time,
        "status": StoryStatus.ACTIVE,
        "headline": title,
        "keywords": ("ferry", "Grey", "Heron"),
        "language": "en",
        "num_reports": num_reports,
        "num_copies": 1,
        "num_outlets": 2,
        "first_seen": time,
        "last_seen": time,
        "velocity_per_hour": 3.0,
        "mentions": (mention,),
    }
    return StoryEvent(**(fields | more))  # type: ignore[arg-type]


def line(number: int = 1, **fields: object) -> bytes:
    """Make one event as it travels."""
    return event(number, **fields).to_json("urn:wirewatch:test")  # type: ignore[arg-type]
