"""Which micro-clusters are one story: average linkage, judged by how closely each side holds together itself.

One threshold cannot serve: reports of a long-lived affair resemble each other less than two look-alike accidents do.
But within either accident the reports resemble each other much more than across. So the mean similarity across two
groups is compared with their own cohesion: what is loose may take in what is as loosely alike, what is tight may not.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.config import StoryConfig
from pipeline.detection.kernels import kernels
from pipeline.detection.linkage import Settings
from pipeline.detection.micro import Group, MicroCluster
from pipeline.detection.vectors import sums_across


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
        settings = Settings(
            cohesion_share=config.cohesion_share,
            share_growth=config.share_growth,
            most_share=config.most_share,
            short_share=config.short_share,
            prior_cohesion=config.prior_cohesion,
            prior_pairs=config.prior_pairs,
            least_likeness=config.least_likeness,
            crowd_factor=config.crowd_factor,
            full_terms=num_terms,
        )
        self._settings = np.array(settings, np.float64)

    def are_one(self, likeness: float, first: Group, second: Group) -> bool:
        """Whether the mean cosine across two groups makes them one."""
        return kernels.are_one(likeness, first, second, self._settings)

    def partition(self, micros: Sequence[MicroCluster]) -> list[int]:
        """Part micro-clusters into stories: the likest two groups first, as long as any two are alike enough.

        Returns
        -------
        list[int]
            For each micro-cluster the place of the first of its story.

        References
        ----------
        R. Sokal, C. Michener, *A statistical method for evaluating systematic relationships*, 1958 (average linkage).
        """
        across = sums_across([micro.centre for micro in micros])
        return kernels.partition(across, [micro.group for micro in micros], self._settings)


def parted(micros: Sequence[MicroCluster], firsts: Sequence[int]) -> list[list[MicroCluster]]:
    """Give the parts that a partition makes, each in the order of `micros`, by their first."""
    parts: dict[int, list[MicroCluster]] = {}
    for micro, first in zip(micros, firsts, strict=True):
        parts.setdefault(first, []).append(micro)
    return list(parts.values())
