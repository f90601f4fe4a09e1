"""What a reader of one format hands to the parser: the fields of an article before they are judged together."""

from dataclasses import dataclass, field
from datetime import datetime

from pipeline.records import MalformedArticle, RawArticle


@dataclass(slots=True)
class Fields:
    """Strings are cleaned; empty means absent. Times are in UTC."""

    title: str
    text: str
    id: str = ""
    url: str = ""
    outlet: str = ""
    language: str = ""
    published_at: datetime | None = None
    observed_at: datetime | None = None
    updated_at: datetime | None = None
    deleted: bool = False
    notes: list[str] = field(default_factory=list)


def malformed(raw: RawArticle, code: str, detail: str) -> MalformedArticle:
    """Make the exception for an article; `detail` goes on where the name of its source ends."""
    return MalformedArticle(code, f"{raw.source!r} {detail}")
