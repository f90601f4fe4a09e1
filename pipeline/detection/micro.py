"""The micro-cluster: reports so alike that they are never parted. Stories are made of them."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import msgspec

from pipeline.detection.packing import Vector, num_terms
from pipeline.detection.sketch import Sketch
from pipeline.detection.vectors import EMPTY, add, dot, dots, heaviest, sorted_by_term, subtract
from pipeline.records import Mention

_MOST_TERMS = 512
_KEPT_TERMS = 256
_MOST_MEMBERS = 500
_MOST_UNTOLD = 500
_MOST_NEIGHBOURS = 4
_HOUR = 3_600_000_000


class Untold(NamedTuple):
    """A mention that waits for the next event of its story."""

    number: int
    """Mentions are told in the order in which they came about, whatever micro-cluster they are in by then."""
    mention: Mention


class Group(NamedTuple):
    """What linkage asks of a group of reports."""

    num_reports: int
    pair_sum: float
    """Sum of the cosines of all pairs of its reports."""
    num_terms: int
    """Terms of all its reports together."""
    crowding: float
    """Sum of its reports' crowding (`Placement.crowding`)."""


class MicroCluster(msgspec.Struct, gc=False):
    """What detection keeps of a micro-cluster. Times are microseconds since 1970; all fields are written to state.

    References
    ----------
    C. Aggarwal et al., *A Framework for Clustering Evolving Data Streams*, 2003: micro-clusters are kept online, and
    what users see is made of them and made anew when more is known.
    """

    id: str
    first_seen: int
    last_seen: int
    centre: Vector = EMPTY
    """Sum of the reports' vectors, cut to its weightiest terms."""
    num_reports: int = 0
    pair_sum: float = 0.0
    """Sum of the cosines of all pairs of its reports."""
    num_terms: int = 0
    """Terms of all its reports together."""
    crowding: float = 0.0
    """Sum of its reports' crowding when they were placed."""
    num_copies: int = 0
    outlets: dict[str, int] = {}
    """Reports of each known outlet."""
    num_unknown_outlets: int = 0
    """Reports without an outlet: each counts as an outlet of its own."""
    recent: list[int] = []
    """Event times of the reports of its last hour."""
    members: list[int] = []
    """Index numbers of the newest reports and copies."""
    neighbours: list[str] = []
    """The micro-clusters of other stories that came nearest when a report was placed, the newest last."""
    untold: list[Untold] = []
    """Mentions that no event of its story has told."""
    num_omitted: int = 0
    """Such mentions beyond those kept."""

    def __lt__(self, other: "MicroCluster") -> bool:
        """Whether it is the older of the two, which goes before the other where they are alike."""
        return (self.first_seen, self.id) < (other.first_seen, other.id)

    @property
    def group(self) -> Group:
        return Group(self.num_reports, self.pair_sum, self.num_terms, self.crowding)

    def cosine(self, vector: Vector) -> float:
        """Give the cosine of an article and the centre, 0 to 1; 0 without reports."""
        return cosines(vector, (self,))[0]

    def add_report(self, vector: Vector, sketch: Sketch) -> None:
        self._put_in(vector)
        self.num_reports += 1
        self._count_outlet(sketch.outlet, 1)
        recent = [*self.recent, sketch.observed_at]
        newest = max(recent)
        self.recent = [moment for moment in recent if moment > newest - _HOUR]

    def remove_report(self, vector: Vector, sketch: Sketch) -> None:
        self._take_out(vector)
        self.num_reports -= 1
        self._measure()
        self._count_outlet(sketch.outlet, -1)
        if sketch.observed_at in self.recent:
            self.recent.remove(sketch.observed_at)

    def replace_report(self, old: Vector, old_sketch: Sketch, new: Vector, new_sketch: Sketch) -> None:
        self._take_out(old)
        self._measure(without=1)
        self._put_in(new)
        self._count_outlet(old_sketch.outlet, -1)
        self._count_outlet(new_sketch.outlet, 1)

    def add_member(self, number: int) -> None:
        self.members = [*self.members[1 - _MOST_MEMBERS :], number]

    def add_neighbour(self, micro_id: str) -> None:
        others = [known for known in self.neighbours if known != micro_id]
        self.neighbours = [*others[1 - _MOST_NEIGHBOURS :], micro_id]

    def tell(self, untold: Untold) -> None:
        """Keep a mention for the next event; of too many only the number is kept."""
        if len(self.untold) < _MOST_UNTOLD:
            self.untold.append(untold)
        else:
            self.num_omitted += 1

    def _put_in(self, vector: Vector) -> None:
        self.pair_sum += dot(vector, self.centre)
        self.num_terms += num_terms(vector)
        self.centre = add(self.centre, vector)
        if num_terms(self.centre) > _MOST_TERMS:
            self.centre = sorted_by_term(heaviest(self.centre, _KEPT_TERMS))

    def _take_out(self, vector: Vector) -> None:
        # The idf has moved since the vector went in, and the centre may have been cut: what is left is no exact rest.
        self.centre = subtract(self.centre, vector)
        self.num_terms -= num_terms(vector)

    def _measure(self, without: int = 0) -> None:
        """Work out `pair_sum` from the centre, which holds `without` reports less than are counted."""
        self.pair_sum = max(0.0, (dot(self.centre, self.centre) - self.num_reports + without) / 2)

    def _count_outlet(self, outlet: str | None, by: int) -> None:
        if outlet is None:
            self.num_unknown_outlets += by
            return
        self.outlets[outlet] = self.outlets.get(outlet, 0) + by
        if not self.outlets[outlet]:
            del self.outlets[outlet]


def cosines(vector: Vector, micros: Sequence[MicroCluster]) -> list[float]:
    """Do for each of some micro-clusters what `MicroCluster.cosine` does, at the cost of one call."""
    products = dots(vector, [micro.centre for micro in micros])
    return [
        # The squared length of a sum of vectors of length 1.
        product / sqrt(micro.num_reports + 2.0 * micro.pair_sum) if micro.num_reports else 0.0
        for product, micro in zip(products, micros, strict=True)
    ]
