"""When a page says it was published, with the time of day if it gives one anywhere."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from connectors.dates import parse_date

_LINKED_DATA = "//script[@type='application/ld+json']/text()"
_DECLARED = (
    "//meta[@property='article:published_time' or @property='og:article:published_time']/@content",
    "//*[@itemprop='datePublished']/@content",
    "//*[@itemprop='datePublished']/@datetime",
    "//meta[@name='parsely-pub-date' or @name='pubdate' or @name='publish-date' or @name='date']/@content",
    "//meta[@name='dc.date.issued' or @name='DC.date.issued' or @name='sailthru.date']/@content",
    "//time[@pubdate]/@datetime",
)
_SHOWN = "//time/@datetime"

_ARTICLE_TYPES = ("Article", "Posting", "Report", "WebPage")
"""Endings of schema.org types that are the page itself; a comment or a video also has a `datePublished`."""
_MOST_NODES = 10_000


class PageDates:
    """The dates that stand in a page's markup, as they are written there.

    Parameters
    ----------
    tree
        The page as lxml parsed it.
    """

    def __init__(self, tree: Any) -> None:
        self._declared = [value for value in _declared(tree) if parse_date(value)]
        self._shown = [value.strip() for value in tree.xpath(_SHOWN) if parse_date(value)]

    def published_at(self, guess: str | None) -> datetime | None:
        """Choose the date of publication.

        Parameters
        ----------
        guess
            The day as htmldate found it, ``YYYY-MM-DD``, or none.

        Returns
        -------
        datetime | None
            In UTC. The first of: a declared date with a time of day; a ``<time>`` with one on the day of `guess`; a
            declared day; `guess`.
        """
        shown = [value for value in self._shown if guess and value.startswith(guess)]
        timed = [value for value in self._declared + shown if ":" in value]
        return next((parse_date(value) for value in [*timed, *self._declared]), None) or parse_date(guess)


def _declared(tree: Any) -> Iterator[str]:
    for script in tree.xpath(_LINKED_DATA):
        try:
            linked = orjson.loads(str(script))  # orjson refuses lxml's subclass of str
        except orjson.JSONDecodeError:
            continue
        yield from _linked_dates(linked)
    for path in _DECLARED:
        yield from tree.xpath(path)


def _linked_dates(linked: Any) -> Iterator[str]:
    """Walk JSON-LD in the order of the page; not by recursion, since the page may be nested as deep as it likes."""
    waiting = [linked]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, dict):
            kinds = node.get("@type")
            date = node.get("datePublished")
            names = kinds if isinstance(kinds, list) else [kinds]
            if isinstance(date, str) and any(isinstance(name, str) and name.endswith(_ARTICLE_TYPES) for name in names):
                yield date
            waiting.extend(reversed(node.values()))
