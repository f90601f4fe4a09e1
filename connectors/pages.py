"""What an HTML page says: its main text, without navigation, banners and comments, and what it tells about itself."""

import re
from datetime import datetime
from typing import NamedTuple

_MOST_TAGS = 100_000
_MOST_ATTRIBUTES = 2_000
"""In one tag. Parsing takes quadratic time over tags and over attributes: 100,000 empty ``<p>`` take 4 s, 50,000
attributes 11 s. A news page has some thousand tags."""
_LONG_TAG = re.compile(r"<[^<>]{10000,}")


class Page(NamedTuple):
    """What could be learnt from a page. Strings are cleaned, and empty when the page does not say."""

    title: str
    text: str
    published_at: datetime | None
    outlet: str
    url: str
    language: str
    """As the page gives it, such as ``en-GB``."""


class UnreadablePage(ValueError):
    """The page is hostile or broken beyond reading.

    Parameters
    ----------
    code
        ``oversized`` or ``undecodable``.
    detail
        What is wrong with the page and the remedy, to follow its name in a sentence.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def read_page(html: str, latest: datetime) -> Page:
    """Extract the article from a page or a fragment of one.

    Parameters
    ----------
    html
        The decoded markup.
    latest
        No later date is looked for in the page's byline and address when it declares none.

    Raises
    ------
    UnreadablePage
        If there are too many tags or attributes to read it in reasonable time, or the extraction fails.
    """
    _refuse_hostile(html)
    if "<html" not in html.lower():
        html = f"<html><body>{html}</body></html>"  # trafilatura takes a fragment for no HTML at all
    from connectors.extraction import EXTRACTION_ERRORS, extract  # 210 ms, so only when there is a page to read

    try:
        return Page(*extract(html, latest))
    except EXTRACTION_ERRORS as error:
        detail = f"cannot be read as HTML ({type(error).__name__}: {error}); save the page anew, or give its text"
        raise UnreadablePage("undecodable", detail) from error


def _refuse_hostile(html: str) -> None:
    num_tags = html.count("<")
    if num_tags > _MOST_TAGS:
        raise UnreadablePage("oversized", f"has {num_tags:,} tags, more than {_MOST_TAGS:,}; give its text instead")
    for tag in _LONG_TAG.finditer(html):
        num = tag[0].count("=")
        if num > _MOST_ATTRIBUTES:
            detail = f"has {num:,} attributes in one tag, more than {_MOST_ATTRIBUTES:,}; give its text instead"
            raise UnreadablePage("oversized", detail)
