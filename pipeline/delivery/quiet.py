"""Quiet hours: when what is held may go out. Pure: the time is an argument."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipeline.config import RuleConfig


def release(now: datetime, rule: RuleConfig) -> datetime:
    """Give the time at which an alert of a rule may go out: now, or the end of the quiet hours that it falls into.

    Parameters
    ----------
    now
        An aware time.
    rule
        Its quiet hours, which may go over midnight. They are those that a clock on the wall shows, also on the days
        when it is changed.

    Examples
    --------
    >>> night = RuleConfig(name="night", quiet_from=time(22), quiet_until=time(7), time_zone="Europe/Berlin")
    >>> release(datetime(2026, 11, 23, 21, 30, tzinfo=UTC), night).isoformat()
    '2026-11-24T06:00:00+00:00'
    >>> release(datetime(2026, 11, 23, 6, 0, tzinfo=UTC), night).isoformat()
    '2026-11-23T06:00:00+00:00'
    """
    if rule.quiet_from is None or rule.quiet_until is None:
        return now
    local = now.astimezone(ZoneInfo(rule.time_zone))
    if not _is_within(local.time(), rule.quiet_from, rule.quiet_until):
        return now
    end = datetime.combine(local.date(), rule.quiet_until, local.tzinfo)
    if local.time() >= rule.quiet_until:
        end = datetime.combine(local.date() + timedelta(days=1), rule.quiet_until, local.tzinfo)
    return max(now, end.astimezone(UTC))


def _is_within(moment: time, begin: time, end: time) -> bool:
    if begin < end:
        return begin <= moment < end
    return moment >= begin or moment < end
