"""What an outlet repeats on most of its pages, whatever the news: it must not pull stories together."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.detection.counts import NOTHING, Counts, Packed, counts_of, packed

_FEWEST_REPORTS = 12
"""Of an outlet, before anything is taken for furniture."""
_WINDOW = 128
"""Reports after which what was counted is halved, so that a new page design is learnt in time."""
_PRUNED_EVERY = 16
_PRUNED_SHARE = 1 / 8
_MOST_OUTLETS = 5_000


class OutletTerms(msgspec.Struct, frozen=True, gc=False):
    """In how many of an outlet's reports its common terms stand, as it is written to state."""

    num_reports: int
    counts: Packed


class _Outlet:
    """Counts the terms of an outlet's reports; rare ones are dropped, so space is bounded whatever it writes."""

    __slots__ = ("counts", "num_reports")

    def __init__(self, known: OutletTerms) -> None:
        self.num_reports = known.num_reports
        self.counts = counts_of(known.counts)

    def add(self, terms: NDArray[np.uint32]) -> None:
        self.num_reports += 1
        self.counts.add(terms)
        if self.num_reports % _PRUNED_EVERY == 0:
            self.counts.prune(self.num_reports * _PRUNED_SHARE)
        if self.num_reports == _WINDOW:
            self.num_reports //= 2
            self.counts.halve()

    def known(self) -> OutletTerms:
        return OutletTerms(self.num_reports, packed(self.counts))


class Furniture:
    """Learns from the stream which terms stand in most reports of an outlet.

    Counting with rare items dropped at intervals follows G. Manku, R. Motwani, *Approximate frequency counts over data
    streams*, 2002.

    Parameters
    ----------
    outlets
        What is known so far, from `outlets`; the outlet heard of last comes last.
    """

    def __init__(self, outlets: Mapping[str, OutletTerms] = MappingProxyType({})) -> None:
        self._outlets = {outlet: _Outlet(known) for outlet, known in outlets.items()}

    def learn(self, outlet: str | None, terms: NDArray[np.uint32]) -> None:
        """Count the terms of a report; one without an outlet teaches nothing."""
        if outlet is None:
            return
        known = self._outlets.pop(outlet, None) or _Outlet(OutletTerms(0, NOTHING))
        known.add(terms)
        self._outlets[outlet] = known
        if len(self._outlets) > _MOST_OUTLETS:
            del self._outlets[next(iter(self._outlets))]

    def of(self, outlet: str | None) -> tuple[Counts | None, int]:
        """Give how often each term stood in the outlet's reports, and how many those were; none while they are few.

        What stands in most of them is furniture.
        """
        known = self._outlets.get(outlet) if outlet is not None else None
        if known is None or known.num_reports < _FEWEST_REPORTS:
            return None, 0
        return known.counts, known.num_reports

    def outlets(self) -> dict[str, OutletTerms]:
        """Give what is known of each outlet, the one heard of last at the end."""
        return {outlet: known.known() for outlet, known in self._outlets.items()}
