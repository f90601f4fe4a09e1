"""One story: its micro-clusters, and what of it has been told."""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import islice

import msgspec

from pipeline.detection.micro import Group, MicroCluster
from pipeline.detection.packing import Vector
from pipeline.detection.pulse import Pulse
from pipeline.detection.vectors import EMPTY, add, dots, sums_across
from pipeline.records import Mention

_HOUR = 3_600_000_000


class Story(msgspec.Struct, gc=False):
    """What detection keeps of a story. Times are microseconds since 1970; all fields are written to state."""

    id: str
    language: str
    heard: int = 0
    """When it was last heard of: its newest article, but for what comes late the end of the last tick decided."""
    micros: dict[str, MicroCluster] = {}
    num_reports: int = 0
    """Of all its micro-clusters."""
    pair_sum: float = 0.0
    """Sum of the cosines of all pairs of its reports."""
    next_look: int = 2
    """Number of reports at which it is looked at again: whether it is still one story, and apart from the nearest."""
    headline: str = ""
    keywords: tuple[str, ...] = ()
    told_at: int = 0
    """Time of its last event; the next one is no earlier, though what was newest may have gone elsewhere."""
    revision: int = 0
    rung: int = 0
    """Rungs of the growth ladder that have been told."""
    pulse: Pulse | None = None
    """How fast reports come; none before the story emerges."""
    is_surging: bool = False
    """Whether a surge was told that has not died down."""

    @property
    def num_copies(self) -> int:
        return sum([micro.num_copies for micro in self.micros.values()])

    @property
    def num_outlets(self) -> int:
        known = {outlet for micro in self.micros.values() for outlet in micro.outlets}
        return len(known) + sum([micro.num_unknown_outlets for micro in self.micros.values()])

    @property
    def first_seen(self) -> int:
        return min([micro.first_seen for micro in self.micros.values()])

    @property
    def last_seen(self) -> int:
        return max([micro.last_seen for micro in self.micros.values()])

    @property
    def num_recent(self) -> int:
        """Reports of the hour that ends with the newest."""
        moments = [moment for micro in self.micros.values() for moment in micro.recent]
        return sum([moment > max(moments) - _HOUR for moment in moments])

    @property
    def has_emerged(self) -> bool:
        return self.revision > 0

    @property
    def reporting(self) -> list[MicroCluster]:
        """Its micro-clusters that have reports: copies may outlive what they copy."""
        return [micro for micro in self.micros.values() if micro.num_reports]

    @property
    def group(self) -> Group:
        num_terms = sum([micro.num_terms for micro in self.micros.values()])
        crowding = sum([micro.crowding for micro in self.micros.values()])
        return Group(self.num_reports, self.pair_sum, num_terms, crowding)

    def centre(self) -> Vector:
        """Sum the vectors of all its reports."""
        return reduce(add, [micro.centre for micro in self.micros.values()] or [EMPTY])

    def sum_of_cosines(self, vector: Vector) -> float:
        """Sum the cosines of the story's reports with an article, or with all reports of a group by its centre."""
        return sum(dots(vector, [micro.centre for micro in self.micros.values()]))

    def measure(self) -> None:
        """Work out `num_reports` and `pair_sum` anew, after micro-clusters came or went."""
        self.num_reports = sum([micro.num_reports for micro in self.micros.values()])
        self.pair_sum = pair_sum(self.reporting)

    def take_untold(self) -> tuple[list[Mention], int]:
        """Take the mentions not yet told, in the order of their decision, and the number of those not kept."""
        untold = [one for micro in self.micros.values() for one in micro.untold]
        mentions = [mention for _, mention in sorted(untold, key=lambda one: one.number)]
        num_omitted = sum([micro.num_omitted for micro in self.micros.values()])
        for micro in self.micros.values():
            micro.untold, micro.num_omitted = [], 0
        return mentions, num_omitted


def pair_sum(micros: Iterable[MicroCluster]) -> float:
    """Sum the cosines of all pairs of reports in some micro-clusters."""
    micros = list(micros)
    within = sum([micro.pair_sum for micro in micros])
    across = sums_across([micro.centre for micro in micros]).tolist()
    return within + sum([sum(row[:place]) for place, row in enumerate(across)])


def sums_of_cosines(vector: Vector, stories: Sequence[Story]) -> list[float]:
    """Do for each of some stories what `Story.sum_of_cosines` does, at the cost of one call."""
    products = iter(dots(vector, [micro.centre for story in stories for micro in story.micros.values()]))
    return [sum(islice(products, len(story.micros))) for story in stories]
