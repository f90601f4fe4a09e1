"""An article as a JSON object, the form described in `schemas/article.json`."""

import re
import reprlib
from datetime import datetime
from typing import Any

import orjson

from connectors.cleaning import clean
from connectors.dates import parse_date
from connectors.encodings import decode_unicode
from connectors.fields import Fields, malformed
from connectors.pages import UnreadablePage, read_page
from pipeline.records import RawArticle

_KNOWN = frozenset(
    {"id", "url", "outlet", "title", "text", "html", "language", "lang"}
    | {"published_at", "observed_at", "updated_at", "deleted"}
)
_TYPES = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array", dict: "an object"}

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""One escape in JSON, pairs of surrogates as one; the group holds a surrogate that stands alone."""


def read_json(raw: RawArticle, latest: datetime) -> Fields:
    """Read the fields of one JSON object.

    Parameters
    ----------
    raw
        UTF-8, or UTF-16 or UTF-32 behind a byte order mark.
    latest
        See `connectors.pages.read_page`.

    Raises
    ------
    MalformedArticle
        With the code ``undecodable``, ``empty``, ``malformed-json``, ``wrong-shape`` or ``bad-observed-at``.
    """
    notes: list[str] = []
    record = _load(raw, notes)
    if type(record) is not dict:
        raise malformed(raw, "wrong-shape", f"is {_shown(record)}; give an object with the fields of an article")
    if not record.keys() <= _KNOWN:
        notes.append("unknown-field")
    fields = Fields(
        title=_string(raw, record, "title"),
        text=_string(raw, record, "text"),
        id=_id(raw, record),
        url=_string(raw, record, "url"),
        outlet=_string(raw, record, "outlet"),
        language=_string(raw, record, "language") or _string(raw, record, "lang"),
        published_at=_claimed_date(record, "published_at", notes),
        observed_at=_observed_at(raw, record),
        updated_at=_claimed_date(record, "updated_at", notes),
        deleted=_deleted(raw, record),
        notes=notes,
    )
    html = _string(raw, record, "html")
    if html and not fields.text:
        _take_page(raw, fields, html, latest)
    return fields


def _load(raw: RawArticle, notes: list[str]) -> Any:
    try:
        return orjson.loads(raw.data)
    except orjson.JSONDecodeError:
        return _load_odd(raw, notes)


def _load_odd(raw: RawArticle, notes: list[str]) -> Any:
    """Load what orjson does not take at once: other Unicode encodings, and escaped surrogates without a partner."""
    text = decode_unicode(raw.data)
    if text is None:
        raise malformed(
            raw, "undecodable", "is not valid UTF-8; convert it, or put the byte order mark of UTF-16 first"
        )
    if not text.strip():
        raise malformed(raw, "empty", "holds nothing but white space; take it away")
    data = text.encode()
    mended = _ESCAPES.sub(_without_lone_surrogate, data)
    if mended != data:
        notes.append("lone-surrogate")
    try:
        return orjson.loads(mended)
    except orjson.JSONDecodeError as error:
        raise malformed(raw, "malformed-json", f"is no JSON: {error}; mend it at that place") from error


def _without_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]


def _string(raw: RawArticle, record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise _wrong_type(raw, name, value, "a string")
    return clean(value)


def _id(raw: RawArticle, record: dict[str, Any]) -> str:
    value = record.get("id")
    return str(value) if type(value) is int else _string(raw, record, "id")


def _deleted(raw: RawArticle, record: dict[str, Any]) -> bool:
    value = record.get("deleted")
    if value is None or type(value) is bool:
        return bool(value)
    raise _wrong_type(raw, "deleted", value, "true or false")


def _claimed_date(record: dict[str, Any], name: str, notes: list[str]) -> datetime | None:
    value = record.get(name)
    if value is None:
        return None
    moment = parse_date(value)
    if moment is None:
        notes.append(f"unreadable-{name.replace('_', '-')}")
    return moment


def _observed_at(raw: RawArticle, record: dict[str, Any]) -> datetime | None:
    value = record.get("observed_at")
    if value is None:
        return None
    moment = parse_date(value)
    if moment is None:
        detail = f"has the observed_at {reprlib.repr(value)}, which is no date; write it as 2024-01-31T12:00:00Z"
        raise malformed(raw, "bad-observed-at", detail)
    return moment


def _take_page(raw: RawArticle, fields: Fields, html: str, latest: datetime) -> None:
    try:
        page = read_page(html, latest)
    except UnreadablePage as error:
        if not fields.title:
            raise malformed(raw, error.code, f"has an html that {error.detail}") from error
        fields.notes.append("unreadable-html")
    else:
        fields.text = page.text
        fields.title = fields.title or page.title


def _wrong_type(raw: RawArticle, name: str, value: object, wanted: str) -> Exception:
    return malformed(raw, "wrong-shape", f"has a {name} that is {_shown(value)}; make it {wanted}, or leave it out")


def _shown(value: object) -> str:
    return f"{_TYPES.get(type(value), 'null')} ({reprlib.repr(value)})"
