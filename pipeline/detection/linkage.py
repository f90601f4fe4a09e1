"""Average linkage: the Python of `pipeline.detection.kernels.are_one` and `partition`."""

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = tuple[float, float, float, float]
"""What is asked of a group, in the order of `pipeline.detection.micro.Group`."""


class Settings(NamedTuple):
    """All that the rule hangs on, in the order in which the loops are given it."""

    cohesion_share: float
    share_growth: float
    most_share: float
    short_share: float
    prior_cohesion: float
    prior_pairs: float
    least_likeness: float
    crowd_factor: float
    full_terms: float
    """Terms of an article that is not short."""


def are_one(likeness: float, first: Numbers, second: Numbers, settings: NDArray[np.float64]) -> bool:
    """Whether the mean cosine across two groups makes them one."""
    return _are_one(likeness, first, second, Settings(*settings.tolist()))


def _are_one(likeness: float, first: Numbers, second: Numbers, settings: Settings) -> bool:
    # By their reports alone: of equals the second counts as the larger.
    smaller, larger = sorted((first, second), key=itemgetter(0))
    (few, _, few_terms, few_crowding), (many, _, many_terms, many_crowding) = smaller, larger
    # A lone report shows no cohesion of its own: it is held to the other's.
    own = _cohesion(larger, settings)
    if few > 1:
        own = math.sqrt(own * _cohesion(smaller, settings))
    share = min(settings.most_share, settings.cohesion_share * math.pow(few, settings.share_growth))
    terms = (few_terms + many_terms) / (few + many)
    fullness = settings.short_share + (1.0 - settings.short_share) * terms / settings.full_terms
    crowding = (few_crowding + many_crowding) / (few + many)
    return likeness >= max(settings.least_likeness, share * fullness * own, settings.crowd_factor * crowding)


def _cohesion(group: Numbers, settings: Settings) -> float:
    """Give the mean cosine of the pairs of a group's reports, drawn towards the prior while there are few."""
    num_reports, pair_sum, *_ = group
    num_pairs = num_reports * (num_reports - 1) / 2
    prior_sum = settings.prior_pairs * settings.prior_cohesion
    return (pair_sum + prior_sum) / (num_pairs + settings.prior_pairs)


def partition(across: NDArray[np.float64], groups: Sequence[Numbers], settings: NDArray[np.float64]) -> list[int]:
    """Join the likest two groups first, of equals the first, as long as any two are alike enough.

    Parameters
    ----------
    across
        Sum of the cosines of all pairs across each two groups, shape ``(len(groups), len(groups))``.
    groups
        What is known of each group.
    settings
        The fields of `Settings`.

    Returns
    -------
    list[int]
        For each group the place of the first of those that it is one with.
    """
    rule, across, groups = Settings(*settings.tolist()), across.copy(), list(groups)
    if across.shape != (len(groups), len(groups)):
        raise ValueError("partition was given arrays whose lengths do not fit together")
    first_of = np.arange(len(groups))
    sizes = np.array([group[0] for group in groups], np.float64)
    likeness = across / np.outer(sizes, sizes)
    np.fill_diagonal(likeness, -1.0)
    while (best := float(likeness.max(initial=-1.0))) >= rule.least_likeness:
        first, second = divmod(int(likeness.argmax()), len(groups))
        if not _are_one(best, groups[first], groups[second], rule):
            likeness[first, second] = likeness[second, first] = -1.0
            continue
        groups[first] = _joined(groups[first], groups[second], float(across[first, second]))
        first_of[first_of == second] = first
        sizes[first] += sizes[second]
        across[first] += across[second]
        across[:, first] += across[:, second]
        likeness[first] = likeness[:, first] = across[first] / (sizes[first] * sizes)
        # What went into another group is not asked again, nor is a group about itself.
        gone = first_of != np.arange(len(groups))
        likeness[gone], likeness[:, gone], likeness[first, first] = -1.0, -1.0, -1.0
    found: list[int] = first_of.tolist()
    return found


def _joined(first: Numbers, second: Numbers, across: float) -> Numbers:
    num_reports, pair_sum, num_terms, crowding = first
    return num_reports + second[0], pair_sum + second[1] + across, num_terms + second[2], crowding + second[3]
