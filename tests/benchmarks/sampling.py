"""What benchmarks of detection have in common: smaller sets where a whole one takes too long."""

import random
from datetime import UTC, datetime

from pipeline.evaluation.gold import GoldSet

PLAUSIBLE = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Every date is believed: the sets are from the past."""


def sampled(gold: GoldSet, most: int | None) -> GoldSet:
    """Draw `most` articles by lot from a larger set, always the same ones, and name it so; none takes all."""
    if most is None or len(gold.articles) <= most:
        return gold
    # Which articles are copies is then not known of all.
    articles = tuple(random.Random(0).sample(gold.articles, most))
    return GoldSet(f"{gold.name}, by lot", articles, copies=None)
