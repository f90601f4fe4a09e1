"""One record of the topic of articles: a raw article, or why it can never be one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.records import DeadLetter, MalformedArticle, RawArticle

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def source_of(record: Any) -> str:
    """Name where a record lies: topic, partition and offset."""
    return f"{record.topic}:{record.partition}:{record.offset}"


def raw_article(record: Any, max_article_bytes: int, seen_at: datetime | None = None) -> RawArticle | DeadLetter:
    """Take a record as a raw article.

    Parameters
    ----------
    record
        A ``ConsumerRecord`` of kafka-python.
    max_article_bytes
        Longest value.
    seen_at
        Event time of an article that brings no date. None means the record's timestamp, by Kafka's clock.

    Returns
    -------
    RawArticle | DeadLetter
        A dead letter of the stage ``read`` where there is no value (``empty``) or a longer one (``oversized``).
    """
    source = source_of(record)
    if record.value is None:
        return _refused(source, "empty", "has no value; publish an article under its key", b"")
    if len(record.value) > max_article_bytes:
        detail = f"has {len(record.value)} bytes, more than the {max_article_bytes} of input.max_article_bytes"
        return _refused(source, "oversized", f"{detail}; cut it, or raise that", record.value)
    arrived_at = _EPOCH + timedelta(milliseconds=max(0, record.timestamp))
    return RawArticle(source, record.value, "json", seen_at or arrived_at)


def _refused(source: str, code: str, detail: str, value: bytes) -> DeadLetter:
    return DeadLetter("read", str(MalformedArticle(code, f"{source!r} {detail}")), source, value)
