"""What each threshold's default loses against the best of its values in hindsight.

Usage: python -m tests.benchmarks.loss_of_default [--most N] GOLD...

Of each set one order is streamed (seed 0), under the default configuration and with each threshold of [detection] by
itself at 0.5, 0.71, 1.41 and 2 times its default, as far as its range allows. Prints the B-cubed F1 of the default and,
of each threshold, what the best of its values gains over it (the loss of the default; 0 where it is the best itself).
`--most N` draws N articles by lot from a larger set, always the same.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from connectors.parsing import parse
from pipeline.config import Config, ConfigError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.gold import read_gold
from pipeline.evaluation.sweep import Variant, variants
from pipeline.hosts.clustering import Clustering
from tests.benchmarks.sampling import PLAUSIBLE, sampled

FACTORS = 0.5, 0.71, 1.41, 2.0
THRESHOLDS = {
    "copies": ("threshold",),
    "stories": (
        "micro_threshold",
        "micro_crowd_factor",
        "cohesion_share",
        "share_growth",
        "most_share",
        "short_share",
        "prior_cohesion",
        "prior_pairs",
        "least_likeness",
        "crowd_factor",
        "prior_articles",
        "idf_exponent",
    ),
}


def values_of(section: str, name: str) -> Iterator[Variant]:
    default = getattr(getattr(Config().detection, section), name)
    for factor in FACTORS:
        try:
            yield from variants(Config(), [f"detection.{section}.{name}={default * factor:.4g}"])
        except ConfigError:
            # Out of its range, as a share above 1.
            continue


def main(paths: Sequence[Path], most: int | None) -> None:
    clustering = Clustering(partial(parse, plausible=PLAUSIBLE), Config().detection)
    for path in paths:
        gold = sampled(read_gold(path), most)
        default = evaluate(gold, cluster=clustering, orders=1).scores.bcubed.f1
        print(f"{gold.name}: {len(gold.articles)} articles, default {default:.3f}", flush=True)
        for section, names in THRESHOLDS.items():
            for name in names:
                f1s = {None: default}
                for variant in values_of(section, name):
                    (value,) = variant.values.values()
                    cluster = clustering.under(variant.config.detection)
                    f1s[value] = evaluate(gold, cluster=cluster, orders=1).scores.bcubed.f1
                best = max(f1s, key=f1s.__getitem__)
                told = " ".join(f"{value}: {f1:.3f}" for value, f1 in f1s.items() if value is not None)
                print(f"{section}.{name:<16} loses {f1s[best] - default:.3f}   {told}", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.benchmarks.loss_of_default")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--most", type=int)
    arguments = parser.parse_args()
    main(arguments.gold, arguments.most)
