"""Dates as outlets write them, into aware times in UTC."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_ABOVE = 1e11
"""Seconds beyond this lie after the year 5138: such a number counts milliseconds."""
_LONGEST_DATE = 64
"""Characters; a longer string is no date, and some parsers take quadratic time over it."""
_DIGITS_OF_A_DAY = 8
_EPOCH_DIGITS = re.compile(r"(\d{9,10}|\d{13})(\.\d+)?", re.ASCII)
_SPACED_ZONE = re.compile(r"\s+(?:(UTC|GMT|Z)|([+-]\d\d:?\d\d))$", re.ASCII)


def parse_date(value: object) -> datetime | None:
    """Read a date and time.

    Parameters
    ----------
    value
        ISO 8601 (a date alone means its first instant), RFC 2822, or a number: seconds since 1970, or milliseconds when
        it is greater than 1e11. Without a zone it is UTC. Numbers of 9, 10 or 13 digits may be strings.

    Returns
    -------
    datetime | None
        Aware, in UTC, to the microsecond; none when it is no date, or one outside the years 1 to 9999 in UTC.
    """
    try:
        if isinstance(value, str):
            return _from_text(value.strip())
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _from_number(value)
    except (ValueError, OverflowError):
        pass
    return None


def to_utc(moment: datetime) -> datetime:
    """Convert to UTC; a time without a zone is taken for UTC.

    Raises
    ------
    OverflowError
        If the time is outside the years 1 to 9999 in UTC.
    """
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_number(value: float) -> datetime:
    if abs(value) > _MILLISECONDS_ABOVE:
        return _EPOCH + timedelta(milliseconds=value)
    return _EPOCH + timedelta(seconds=value)


def _from_text(text: str) -> datetime | None:
    if len(text) > _LONGEST_DATE:
        return None
    if _EPOCH_DIGITS.fullmatch(text):
        return _from_number(float(text))
    # The ISO reader takes any character between date and time, so 1711123112345 for an evening of the year 1711.
    if text.isdigit() and len(text) != _DIGITS_OF_A_DAY:
        return None
    try:
        return to_utc(datetime.fromisoformat(text))
    except ValueError:
        pass
    if zone := _SPACED_ZONE.search(text):
        try:
            return to_utc(datetime.fromisoformat(text[: zone.start()] + (zone[2] or "Z")))
        except ValueError:
            pass
    return _from_rfc_2822(text)


def _from_rfc_2822(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # 16 ms to import, and JSON rarely needs it

    try:
        return to_utc(parsedate_to_datetime(text))
    except (TypeError, IndexError):  # how it answers some texts that are no dates
        return None
