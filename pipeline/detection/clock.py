"""Event time as whole microseconds since 1970, and how it is cut into ticks and generations. Reads no clock."""

from datetime import UTC, datetime, timedelta

from pipeline.config import TimeConfig

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def to_micros(moment: datetime) -> int:
    """Give an aware time as microseconds since 1970.

    Examples
    --------
    >>> to_micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Give the aware time; the end of the year 9999 for what comes after it."""
    return _EPOCH + timedelta(microseconds=min(micros, _LAST))


class Ticks:
    """Cuts event time: ticks are decided whole, generations are forgotten whole, a horizon has three of them."""

    def __init__(self, config: TimeConfig) -> None:
        self.length = round(config.tick_seconds * 1e6)
        self.horizon = round(config.horizon_hours * 3600e6)
        self.lateness = round(config.allowed_lateness_hours * 3600e6)
        self.generation_length = -(-self.horizon // 3)

    def end_of(self, micros: int) -> int:
        """Name the tick of an event time by its end, which lies after it."""
        return (micros // self.length + 1) * self.length

    def generation(self, tick: int) -> int:
        """Number the generation of a tick (named by its end)."""
        return (tick - self.length) // self.generation_length

    def oldest_live_generation(self, tick: int) -> int:
        """Number the oldest generation that may still hold an article younger than the horizon when `tick` begins."""
        return (tick - self.length - self.horizon) // self.generation_length

    def expiry(self, tick: int) -> int:
        """Name the first tick at which nothing of the generation of `tick` is live any more."""
        return (self.generation(tick) + 1) * self.generation_length + self.horizon + self.length
