"""One article's bytes, JSON, HTML or text, into an `Article`, or the reason why they never will be one."""

from datetime import datetime
from typing import NamedTuple

from connectors.cleaning import clean, has_words, primary_subtag
from connectors.dates import to_utc
from connectors.encodings import decode_page, decode_text
from connectors.fields import Fields, malformed
from connectors.identity import identify
from connectors.json_records import read_json
from connectors.pages import UnreadablePage, read_page
from pipeline.records import Article, RawArticle

NOTES = {
    "unknown-field": "the article has fields that are not known; they were ignored (once an article)",
    "lone-surrogate": "half of a UTF-16 pair stood alone in an escape; it became U+FFFD",
    "unreadable-published-at": "published_at is no date; it was ignored",
    "implausible-published-at": "published_at is outside the plausible range; it was ignored",
    "unreadable-updated-at": "updated_at is no date; it was ignored",
    "unreadable-language": "the language is no BCP 47 tag; it was ignored",
    "unreadable-html": "html could not be read; the article has only its title",
}
"""Oddities that do not stop an article, to be counted, with what each means."""


class ParsedArticle(NamedTuple):
    """An article, and what was odd about it."""

    article: Article
    notes: tuple[str, ...]
    """Keys of `NOTES`, each at most once."""


def parse(raw: RawArticle, *, plausible: tuple[datetime, datetime], archive: bool = True) -> ParsedArticle:
    """Parse one article.

    Parameters
    ----------
    raw
        The article as a connector found it.
    plausible
        Earliest and latest believable `published_at`, both aware and both included.
    archive
        Whether `published_at` may stand in for a missing `observed_at`, before ``raw.seen_at`` does.

    Returns
    -------
    ParsedArticle
        All strings can be written as UTF-8; all times are in UTC. Without an own id the article gets that of
        `connectors.identity.identify`.

    Raises
    ------
    MalformedArticle
        ``empty``: neither title nor text has a letter or digit. ``undecodable``: no text in an encoding that is known,
        or a page that breaks the extraction. ``malformed-json``. ``wrong-shape``: no object, a field of the wrong
        type, or a takedown that does not say of what. ``bad-observed-at``: `observed_at` is no date. ``oversized``: a
        page of too many tags.
    """
    if raw.media_type == "json":
        fields = read_json(raw, plausible[1])
    elif raw.media_type == "html":
        fields = _read_page(raw, plausible[1])
    else:
        fields = _read_text(raw)
    _require_content(raw, fields)
    notes = fields.notes
    published_at = fields.published_at
    if published_at is not None and not plausible[0] <= published_at <= plausible[1]:
        notes.append("implausible-published-at")
        published_at = None
    url = fields.url or None
    article = Article(
        id=fields.id or identify(url, fields.title, fields.text),
        title=fields.title,
        text=fields.text,
        observed_at=fields.observed_at or (published_at if archive else None) or to_utc(raw.seen_at),
        published_at=published_at,
        updated_at=fields.updated_at,
        url=url,
        outlet=fields.outlet or None,
        language=_language(fields.language, notes),
        deleted=fields.deleted,
        source=raw.source,
    )
    return ParsedArticle(article, tuple(notes))


def _require_content(raw: RawArticle, fields: Fields) -> None:
    if fields.deleted:
        if not (fields.id or fields.url):
            raise malformed(raw, "wrong-shape", "is a takedown with neither id nor url; say of what")
    elif not has_words(fields.title) and not has_words(fields.text):
        raise malformed(raw, "empty", "has no letter or digit in its title and text; give it one of them")


def _language(tag: str, notes: list[str]) -> str | None:
    if not tag or tag == "en":
        return tag or None
    language = primary_subtag(tag)
    if language is None:
        notes.append("unreadable-language")
    return None if language == "und" else language  # BCP 47 for "undetermined"


def _read_text(raw: RawArticle) -> Fields:
    text = decode_text(raw.data)
    if text is None:
        raise malformed(raw, "undecodable", "is no text in an encoding that is known; save it as UTF-8")
    title, _, rest = clean(text).partition("\n")
    return Fields(title=title.rstrip(), text=rest.strip())


def _read_page(raw: RawArticle, latest: datetime) -> Fields:
    html = decode_page(raw.data)
    if html is None:
        raise malformed(raw, "undecodable", "is no text in an encoding that is known; save it as UTF-8")
    try:
        page = read_page(html, latest)
    except UnreadablePage as error:
        raise malformed(raw, error.code, error.detail) from error
    if not page.text:
        raise malformed(
            raw, "empty", "has no text that could be found among its markup; give the text as .txt or .json"
        )
    return Fields(**page._asdict())
