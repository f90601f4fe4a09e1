"""Streaming orders: the articles of a gold set as they reach detection, with the event times they get."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pipeline.evaluation.gold import GoldArticle, GoldSet

BASE_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Event time of the first article of a seeded order: any moment would do, but it must never change."""

SPACING = timedelta(seconds=60)
"""Event time between the articles of a seeded order: far more than a tick, so that each is decided alone."""

_LABEL_FIELDS = frozenset({"story", "story_group"})
_DATE_FIELDS = frozenset({"published_at", "updated_at"})


class Stream(NamedTuple):
    """Articles in streaming order, ready to be clustered."""

    articles: list[dict[str, Any]]
    """Articles as JSON objects, each with ``observed_at``; the labels are taken out, so that none can leak."""
    num_undated: int = 0
    """How many had no date that could be read and were put at the set's earliest (only in `dated_stream`)."""


def seeded_streams(gold: GoldSet, orders: int) -> Iterator[Stream]:
    """Yield a set in `orders` random orders, seeded 0, 1, 2, ..., without the articles' own dates."""
    for seed in range(orders):
        articles = list(gold.articles)
        random.Random(seed).shuffle(articles)
        yield Stream(
            [
                _streamed(article, BASE_TIME + place * SPACING, hidden=_LABEL_FIELDS | _DATE_FIELDS)
                for place, article in enumerate(articles)
            ]
        )


def dated_stream(gold: GoldSet) -> Stream:
    """Put a set in the order ``(published_at, id)``; the undated stand at the set's earliest date.

    Raises
    ------
    ValueError
        If no article has a date that can be read.
    """
    dates = [_read_date(article.raw.get("published_at")) for article in gold.articles]
    known = [date for date in dates if date is not None]
    if not known:
        raise ValueError(
            f"{gold.name}: none of its {len(dates)} articles has a 'published_at' that can be read (ISO 8601), "
            "so it has no order by date: evaluate it without --by-date"
        )
    timed = [(date or min(known), article) for date, article in zip(dates, gold.articles, strict=True)]
    timed.sort(key=lambda pair: (pair[0], pair[1].id))
    return Stream([_streamed(article, date, hidden=_LABEL_FIELDS) for date, article in timed], len(dates) - len(known))


def _streamed(article: GoldArticle, observed_at: datetime, *, hidden: frozenset[str]) -> dict[str, Any]:
    shown = {name: value for name, value in article.raw.items() if name not in hidden}
    return shown | {"observed_at": observed_at.isoformat().replace("+00:00", "Z")}


def _read_date(value: object) -> datetime | None:
    """Read an ISO date, with or without a time; no zone means UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter: a zone that leads out of the years 1 to 9999
        return None
