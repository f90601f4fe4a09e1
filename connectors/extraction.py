"""trafilatura and lxml, and all that can go wrong with them. Imported only when there is a page to read."""

import logging
from datetime import datetime
from typing import Any

import trafilatura
from lxml.etree import LxmlError  # type: ignore[import-untyped]
from trafilatura.utils import load_html

from connectors.cleaning import clean
from connectors.page_dates import PageDates

# They report every odd page at warning level; here odd pages end as dead letters, with the reason.
for _name in ("trafilatura", "htmldate", "courlan", "charset_normalizer"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

EXTRACTION_ERRORS = (
    LxmlError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What bugs in the libraries raise on hostile pages. Not among them: I/O, memory, and being told to stop."""

_LANGUAGE_PATHS = (
    "/html/@lang",
    "/html/@*[name()='xml:lang']",
    "//meta[@http-equiv='content-language' or @http-equiv='Content-Language']/@content",
    "//meta[@property='og:locale']/@content",
)


def extract(html: str, latest: datetime) -> tuple[str, str, datetime | None, str, str, str]:
    """Do the work of `connectors.pages.read_page`, and give the fields of a `Page`.

    Raises
    ------
    Exception
        One of `EXTRACTION_ERRORS`.
    """
    tree = load_html(html)
    if tree is None:
        return ("", "", None, "", "", "")
    page_dates = PageDates(tree)
    # Not the extensive search for dates: it takes any date that the text mentions for the day of publication.
    dates = {"original_date": True, "extensive_search": False, "max_date": latest.date().isoformat()}
    # The default balance, not `favor_recall`: that lost first paragraphs in the tests.
    found = trafilatura.bare_extraction(tree, include_comments=False, with_metadata=True, date_extraction_params=dates)
    if not isinstance(found, trafilatura.settings.Document):
        return ("", "", None, "", "", "")
    title = " ".join(clean(found.title or "").split())
    return (
        title,
        _without_title(clean(found.text or ""), title),
        page_dates.published_at(found.date),
        clean(found.sitename or ""),
        _absolute(found.url),
        _language(tree),
    )


def _without_title(text: str, title: str) -> str:
    """Take the headline off the text, where trafilatura mostly repeats it."""
    first, _, rest = text.partition("\n")
    return rest.lstrip() if first.strip() == title else text


def _absolute(url: str | None) -> str:
    return clean(url) if url and url.startswith(("http://", "https://")) else ""


def _language(tree: Any) -> str:
    for path in _LANGUAGE_PATHS:
        for value in tree.xpath(path):
            if language := clean(value):
                return language
    return ""
