"""Text of strangers made harmless to look at. HTML is escaped by the templates; this is about what survives that."""

import re
from datetime import datetime
from urllib.parse import urlsplit

# Embeddings, overrides and isolates turn the text after them round; marks (U+200E, U+200F) only settle single signs.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"[\t\n\r\u2028\u2029]+")
_CONTROLS = {number: 0x2400 + number for number in range(0x20)} | {0x7F: 0x2421}
_CONTROLS |= dict.fromkeys([*range(0x80, 0xA0), 0xFFFE, 0xFFFF], 0xFFFD)


def shown(text: str, longest: int | None = None) -> str:
    r"""Give text as it is shown: control characters as their pictures, no overrides of direction, cut if too long.

    Examples
    --------
    >>> shown("a\x00b \u202eevil\u202c\nnext")
    'a␀b evil next'
    >>> shown("abcdef", longest=4)
    'abc…'
    """
    text = _TURNING.sub("", _SPACES.sub(" ", text)).translate(_CONTROLS)
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"


def safe_link(url: str | None) -> str | None:
    """Give an address if a browser may be sent there: to the web, not into a script or a file.

    Examples
    --------
    >>> safe_link("https://outlet.example/1"), safe_link("javascript:alert(1)"), safe_link("//[")
    ('https://outlet.example/1', None, None)
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def moment(time: datetime) -> str:
    """Write a time for people.

    Examples
    --------
    >>> from datetime import UTC
    >>> moment(datetime(2024, 3, 4, 9, 5, tzinfo=UTC))
    '4 Mar 2024, 09:05'
    """
    return f"{time.day} {time:%b %Y, %H:%M}"


def machine_time(time: datetime) -> str:
    """Write a time for programs: RFC 3339, in UTC."""
    return time.isoformat().replace("+00:00", "Z")


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "report"), counted(1200, "copy", "copies")
    ('1 report', '1,200 copies')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
