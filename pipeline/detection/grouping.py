"""Which micro-clusters are one story: average linkage, judged by how closely each side holds together itself.

One threshold cannot serve: reports of a long-lived affair resemble each other less than two look-alike accidents do.
But within either accident the reports resemble each other much more than across. So the mean similarity across two
groups is compared with their own cohesion: what is loose may take in what is as loosely alike, what is tight may not.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.config import StoryConfig
from pipeline.detection.micro import Group, MicroCluster, merged
from pipeline.detection.vectors import dots


class Linkage:
    """The measure of whether two groups of reports are one.

    Parameters
    ----------
    config
        What share of their own cohesion two groups must reach across, and the prior for what is too small to show any.
    num_terms
        Terms of an article that is not short.
    """

    def __init__(self, config: StoryConfig, num_terms: int) -> None:
        self._config = config
        self._full = num_terms

    def are_one(self, likeness: float, first: Group, second: Group) -> bool:
        """Whether the mean cosine across two groups makes them one."""
        smaller, larger = sorted((first, second), key=lambda group: group.num_reports)
        config = self._config
        # A lone report shows no cohesion of its own: it is held to the other's.
        own = self._cohesion(larger)
        if smaller.num_reports > 1:
            own = math.sqrt(own * self._cohesion(smaller))
        share = min(config.most_share, config.cohesion_share * math.pow(smaller.num_reports, config.share_growth))
        num_reports = smaller.num_reports + larger.num_reports
        terms = (smaller.num_terms + larger.num_terms) / num_reports
        fullness = config.short_share + (1.0 - config.short_share) * terms / self._full
        crowding = (smaller.crowding + larger.crowding) / num_reports
        return likeness >= max(config.least_likeness, share * fullness * own, config.crowd_factor * crowding)

    def _cohesion(self, group: Group) -> float:
        """Give the mean cosine of the pairs of a group's reports, drawn towards the prior while there are few."""
        config = self._config
        num_pairs = group.num_reports * (group.num_reports - 1) / 2
        return (group.pair_sum + config.prior_pairs * config.prior_cohesion) / (num_pairs + config.prior_pairs)

    def partition(self, micros: Sequence[MicroCluster]) -> list[list[MicroCluster]]:
        """Part micro-clusters into stories: the likest two groups first, as long as any two are alike enough.

        Returns
        -------
        list[list[MicroCluster]]
            The groups, each in the order of `micros`, by their first.

        References
        ----------
        R. Sokal, C. Michener, *A statistical method for evaluating systematic relationships*, 1958 (average linkage).
        """
        parts = [[place] for place in range(len(micros))]
        groups = [micro.group for micro in micros]
        sizes = np.array([group.num_reports for group in groups], np.float64)
        across = _sums_across(micros)
        likeness = across / np.outer(sizes, sizes)
        np.fill_diagonal(likeness, -1.0)
        while (best := float(likeness.max())) >= self._config.least_likeness:
            first, second = sorted(divmod(int(likeness.argmax()), len(micros)))
            if not self.are_one(best, groups[first], groups[second]):
                likeness[first, second] = likeness[second, first] = -1.0
                continue
            groups[first] = merged(groups[first], groups[second], float(across[first, second]))
            parts[first] += parts[second]
            parts[second] = []
            sizes[first] += sizes[second]
            across[first] += across[second]
            across[:, first] += across[:, second]
            row = across[first] / (sizes[first] * sizes)
            row[[place for place, part in enumerate(parts) if not part or place == first]] = -1.0
            likeness[first], likeness[:, first] = row, row
            likeness[second], likeness[:, second] = -1.0, -1.0
        return [[micros[place] for place in sorted(part)] for part in parts if part]


def _sums_across(micros: Sequence[MicroCluster]) -> NDArray[np.float64]:
    """Sum the cosines of all pairs across each two micro-clusters, shape ``(len(micros), len(micros))``."""
    sums = np.zeros((len(micros), len(micros)))
    centres = [micro.centre for micro in micros]
    for place, centre in enumerate(centres):
        sums[place, :place] = sums[:place, place] = dots(centre, centres[:place])
    return sums
