"""What the engine is told of a read: which offsets, and up to which event time."""

from dataclasses import dataclass
from typing import Any

from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider

from pipeline.detection.clock import to_micros
from pipeline.records import MalformedArticle, Parse, RawArticle
from pipeline.sources.kafka.ranges import Range


@dataclass(frozen=True, slots=True)
class EventTime:
    """How the watermark of an unbounded read is found.

    Parameters
    ----------
    parse
        Turns bytes into an article: only what parses moves the watermark.
    max_out_of_orderness
        How long the watermark waits for stragglers, in seconds.
    idle_after
        Seconds without a record after which a partition that is read to its end follows the clock; none for archives,
        whose partitions are never left out.
    """

    parse: Parse
    max_out_of_orderness: float = 5.0
    idle_after: float | None = 10.0

    def of(self, raw: RawArticle) -> int | None:
        """Give an article's event time in microseconds since 1970, or none if it is no article."""
        try:
            return to_micros(self.parse(raw).article.observed_at)
        except MalformedArticle:
            return None

    def watermark(self, newest: int, now: int) -> int:
        """Give the watermark after an article: one dated ahead of the clock must not make all others late."""
        return min(newest, now) - round(self.max_out_of_orderness * 1e6)


class Offsets(OffsetRestrictionTracker):
    """Splits only behind what was read."""

    def try_split(self, fraction_of_remainder: float) -> Any:
        return super().try_split(0) if fraction_of_remainder == 0 else None


class RangeProvider(RestrictionProvider):
    """The offsets of one `Range`."""

    def initial_restriction(self, element: Range) -> OffsetRange:
        return OffsetRange(element.start, element.stop)

    def create_tracker(self, restriction: OffsetRange) -> Offsets:
        return Offsets(restriction)

    def restriction_size(self, element: Any, restriction: OffsetRange) -> int:
        return int(restriction.size())
