"""What an outlet repeats on most of its pages, whatever the news: it must not pull stories together."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels

_FEWEST_REPORTS = 12
"""Of an outlet, before anything is taken for furniture."""
_WINDOW = 128
"""Reports after which what was counted is halved, so that a new page design is learnt in time."""
_PRUNED_EVERY = 16
_PRUNED_SHARE = 1 / 8
_MOST_OUTLETS = 5_000


class OutletTerms(msgspec.Struct, gc=False):
    """In how many of an outlet's reports its common terms stand."""

    num_reports: int = 0
    counts: dict[str, int] = {}
    """Reports of each stem; rare stems are dropped, so space is bounded whatever the outlet writes."""

    def add(self, stems: Sequence[str]) -> None:
        self.num_reports += 1
        for stem in stems:
            self.counts[stem] = self.counts.get(stem, 0) + 1
        if self.num_reports % _PRUNED_EVERY == 0:
            rare = self.num_reports * _PRUNED_SHARE
            self.counts = {stem: count for stem, count in self.counts.items() if count >= rare}
        if self.num_reports == _WINDOW:
            self.num_reports //= 2
            self.counts = {stem: count // 2 for stem, count in self.counts.items()}


class Furniture:
    """Learns from the stream which terms stand in most reports of an outlet.

    Counting with rare items dropped at intervals follows G. Manku, R. Motwani, *Approximate frequency counts over data
    streams*, 2002.

    Parameters
    ----------
    outlets
        What is known so far, from `outlets`; the outlet heard of last comes last.
    """

    def __init__(self, outlets: dict[str, OutletTerms] | None = None) -> None:
        self.outlets = dict(outlets or {})

    def learn(self, outlet: str | None, stems: Sequence[str]) -> None:
        """Count the terms of a report; one without an outlet teaches nothing."""
        if outlet is None:
            return
        terms = self.outlets.pop(outlet, None) or OutletTerms()
        terms.add(stems)
        self.outlets[outlet] = terms
        if len(self.outlets) > _MOST_OUTLETS:
            del self.outlets[next(iter(self.outlets))]

    def telling(self, outlet: str | None, stems: Sequence[str]) -> NDArray[np.float64]:
        """Give 0 for each term that stands in most reports of the outlet, else 1; shape ``(len(stems),)``."""
        known = self.outlets.get(outlet) if outlet is not None else None
        if known is None or known.num_reports < _FEWEST_REPORTS:
            return np.ones(len(stems))
        counts = np.empty(len(stems))
        kernels.counts(known.counts, stems, counts)
        return np.where(2 * counts > known.num_reports, 0.0, 1.0)
