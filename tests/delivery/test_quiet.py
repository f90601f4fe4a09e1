"""Quiet hours, also over midnight and on the days when clocks are changed."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import RuleConfig
from pipeline.delivery.quiet import release

ZONE = "Europe/Berlin"


def rule(begin: time | None, end: time | None) -> RuleConfig:
    return RuleConfig(name="night", quiet_from=begin, quiet_until=end, time_zone=ZONE)


def test_without_quiet_hours_nothing_is_held() -> None:
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert release(now, rule(None, None)) == now


def test_hours_within_a_day_hold_until_their_end() -> None:
    lunch = rule(time(12), time(13, 30))
    assert release(datetime(2026, 7, 1, 10, 30, tzinfo=UTC), lunch) == datetime(2026, 7, 1, 11, 30, tzinfo=UTC)
    assert release(datetime(2026, 7, 1, 11, 30, tzinfo=UTC), lunch) == datetime(2026, 7, 1, 11, 30, tzinfo=UTC)


def test_the_end_is_that_of_the_wall_clock_when_clocks_are_changed() -> None:
    night = rule(time(22), time(7))
    # In the night to 29 March 2026 clocks go from 2 to 3: seven o'clock is 5:00 UTC, not 6:00.
    assert release(datetime(2026, 3, 28, 22, tzinfo=UTC), night) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert release(datetime(2026, 10, 24, 21, tzinfo=UTC), night) == datetime(2026, 10, 25, 6, tzinfo=UTC)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.times(),
    st.times(),
)
def test_what_is_held_is_held_less_than_a_day_and_released_outside_the_hours(
    now: datetime, begin: time, end: time
) -> None:
    if begin == end:
        return
    released = release(now, rule(begin, end))
    assert now <= released <= now + timedelta(hours=26)
    if released != now:
        shown = released.astimezone(ZoneInfo(ZONE)).time()
        # A time that a change of clocks leaves out is an hour later on the wall.
        assert shown == end or shown == (datetime.combine(now, end) + timedelta(hours=1)).time()
