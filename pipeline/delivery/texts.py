"""What people read of an event: a subject and a few lines, harmless whatever the articles held. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.records import EventType, Mention, Role, StoryEvent

_LONGEST_HEADLINE = 300
_LONGEST_NAME = 100
_LONGEST_URL = 500
_MOST_MENTIONS = 5
_SAID = {
    EventType.EMERGED: "A story emerged",
    EventType.GREW: "A story grew",
    EventType.SURGED: "A story surged",
    EventType.MERGED: "A story merged",
    EventType.CORRECTED: "A story was corrected",
    EventType.CLOSED: "A story closed",
}
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, also of text that is not theirs."""


class Source(NamedTuple):
    """One article that a message names."""

    outlet: str
    title: str
    url: str
    """Empty unless it is one of the web."""


class Message(NamedTuple):
    """What a message says, each part on one line."""

    headline: str
    facts: str
    sources: tuple[Source, ...]
    more: str
    """What was left out; empty for nothing."""


def message_of(event: StoryEvent, rules: Sequence[str]) -> Message:
    """Say what an event tells and why it is told.

    Parameters
    ----------
    event
        What changed in a story.
    rules
        Names of the rules that fired.
    """
    facts = [
        _SAID[event.type],
        *_changed(event),
        f"language {harmless(event.language, _LONGEST_NAME)}",
        f"{event.time:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if event.surge_score:
        facts.append(f"surge score {event.surge_score:g}")
    if rules:
        facts.append(f"rule {', '.join(rules)}")
    articles = [mention for mention in event.mentions if mention.role not in (Role.TAKEDOWN, Role.MOVED)]
    num_more = len(articles) - _MOST_MENTIONS + event.num_mentions_omitted
    return Message(
        headline=harmless(event.headline, _LONGEST_HEADLINE) or "(no headline)",
        facts=", ".join(facts),
        sources=tuple(_source(mention) for mention in articles[:_MOST_MENTIONS]),
        more=f"and {num_more} more" if num_more > 0 else "",
    )


def _changed(event: StoryEvent) -> list[str]:
    """Say how large the story is and where its articles went; one that merged has none left to count."""
    if event.merged_into:
        return [f"goes on as {event.merged_into}"]
    size = (
        f"{_counted(event.num_reports, 'report', 'reports')} and {_counted(event.num_copies, 'copy', 'copies')} "
        f"from {_counted(event.num_outlets, 'outlet', 'outlets')}"
    )
    moved = Counter(mention.moved_to for mention in event.mentions if mention.role is Role.MOVED)
    return [size, *(f"{_counted(count, 'article', 'articles')} moved to {home}" for home, count in moved.items())]


def harmless(text: str, limit: int) -> str:
    r"""Make a text of somebody else fit for one line: no control characters, no turned direction, not too long.

    Examples
    --------
    >>> harmless("Ferry\r\nBcc: all@example.org\0 sinks", 40)
    'Ferry Bcc: all@example.org sinks'
    >>> harmless("moc.\u202eelpmaxe", 40), harmless("x" * 50, 10)
    ('moc.elpmaxe', 'xxxxxxxxx…')
    """
    # What is cut is cut before the work, so that a very long text costs no more than a long one.
    kept = "".join(_shown(character) for character in text[: 4 * limit])
    line = " ".join(kept.split())
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[: limit - 1]}…"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _shown(character: str) -> str:
    if character in _DIRECTIONS:
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character


def _source(mention: Mention) -> Source:
    url = mention.url or ""
    is_of_web = url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL and url.isprintable()
    return Source(
        harmless(mention.outlet or "unknown outlet", _LONGEST_NAME),
        harmless(mention.title, _LONGEST_HEADLINE),
        url if is_of_web and not set(url) & set(' <>|"') else "",
    )
