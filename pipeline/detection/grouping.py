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
from pipeline.detection.micro import MicroCluster
from pipeline.detection.vectors import dot


class Linkage:
    """The measure of whether two groups of reports are one.

    Parameters
    ----------
    config
        The prior that stands for the cohesion of what is too small to show any, and the shares of cohesion asked for.
    """

    def __init__(self, config: StoryConfig) -> None:
        self._config = config

    def cohesion(self, num_reports: float, pair_sum: float) -> float:
        """Give the mean cosine of the pairs of a group's reports, drawn towards the prior while there are few."""
        config = self._config
        num_pairs = num_reports * (num_reports - 1) / 2
        return (pair_sum + config.prior_pairs * config.prior_cohesion) / (num_pairs + config.prior_pairs)

    def needed(self, first: tuple[float, float], second: tuple[float, float]) -> float:
        """Give the least mean cosine across two groups that makes them one.

        Parameters
        ----------
        first, second
            Number of reports and sum of the cosines of their pairs.
        """
        config = self._config
        # The mean over few reports scatters more, so less is asked of them.
        leniency = (config.cohesion_share - config.lone_share) / math.sqrt(min(first[0], second[0]))
        share = config.cohesion_share - leniency
        own = math.sqrt(self.cohesion(*first) * self.cohesion(*second))
        return max(config.least_likeness, share * own)

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
        groups = [[place] for place in range(len(micros))]
        sizes = np.array([micro.num_reports for micro in micros], np.float64)
        within = [micro.pair_sum for micro in micros]
        across = _sums_across(micros)
        likeness = across / np.outer(sizes, sizes)
        np.fill_diagonal(likeness, -1.0)
        while True:
            first, second = sorted(divmod(int(likeness.argmax()), len(micros)))
            best = float(likeness[first, second])
            if best < self._config.least_likeness:
                break
            if best < self.needed((sizes[first], within[first]), (sizes[second], within[second])):
                likeness[first, second] = likeness[second, first] = -1.0
                continue
            within[first] += within[second] + float(across[first, second])
            groups[first] += groups[second]
            groups[second] = []
            sizes[first] += sizes[second]
            across[first] += across[second]
            across[:, first] += across[:, second]
            row = across[first] / (sizes[first] * sizes)
            row[[place for place, group in enumerate(groups) if not group or place == first]] = -1.0
            likeness[first], likeness[:, first] = row, row
            likeness[second], likeness[:, second] = -1.0, -1.0
        return [[micros[place] for place in sorted(group)] for group in groups if group]


def _sums_across(micros: Sequence[MicroCluster]) -> NDArray[np.float64]:
    """Sum the cosines of all pairs across each two micro-clusters, shape ``(len(micros), len(micros))``."""
    sums = np.zeros((len(micros), len(micros)))
    for place, micro in enumerate(micros):
        for other in range(place):
            sums[place, other] = sums[other, place] = dot(micro.centre, micros[other].centre)
    return sums
