"""What each threshold's default loses against the best of its values in hindsight.

Usage: nice python -m tests.benchmarks.loss_of_default [--orders N] [--most N] [--write PAGE] GOLD...

Each set is streamed in one seeded order (or N), under the default configuration and with each number with a fraction
in [detection] by itself at 0.5, 0.71, 1.41 and 2 times its default, as far as its range allows. Whole numbers are no
thresholds: they say how much is kept and compared. Prints all B-cubed F1s as they are found, and then, as a table in
Markdown, what the best value of each threshold gains over the default: the loss of the default, 0 where it is the best
itself. The best of some 75 values is also the luckiest one, so the greatest loss of a set is rather too high.
`--most N` draws N articles by lot from every larger set. `--write PAGE` puts the table into a page of the
documentation, in place of the last one.
"""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from connectors.parsing import parse
from pipeline.config import Config, ConfigError
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.gold import GoldSet, read_gold
from pipeline.evaluation.sweep import Variant, variants
from pipeline.hosts.clustering import Clustering
from tests.benchmarks.documenting import bold, heading, put_into, row
from tests.benchmarks.sampling import PLAUSIBLE, sampled

FACTORS = 0.5, 0.71, 1.41, 2.0
SECTIONS = "sketch", "copies", "stories"
AFTERWARDS = "surge_score", "surge_noise"
"""These say what is told of stories, not which articles they hold."""


class Loss(NamedTuple):
    """What the best of a threshold's values gains over the default."""

    f1: float
    value: float | None
    """Which value that is; none if it is the default itself."""


def thresholds() -> Iterator[str]:
    for section in SECTIONS:
        values = getattr(Config().detection, section)
        for name in values.__struct_fields__:
            if isinstance(getattr(values, name), float) and name not in AFTERWARDS:
                yield f"detection.{section}.{name}"


def varied(key: str) -> Iterator[Variant]:
    _, section, name = key.split(".")
    default = getattr(getattr(Config().detection, section), name)
    for factor in FACTORS:
        try:
            yield from variants(Config(), [f"{key}={default * factor:.4g}"])
        except ConfigError:
            # Out of its range, as a share above 1.
            continue


def losses(gold: GoldSet, orders: int) -> tuple[float, Mapping[str, Loss]]:
    """Give the F1 of the default, and the loss of each threshold's."""
    clustering = Clustering(partial(parse, plausible=PLAUSIBLE), Config().detection)

    def f1(config: Config) -> float:
        return evaluate(gold, cluster=clustering.under(config.detection), orders=orders).scores.bcubed.f1

    default = evaluate(gold, cluster=clustering, orders=orders).scores.bcubed.f1
    print(f"{gold.name}: {len(gold.articles)} articles, default {default:.4f}", flush=True)
    found = {}
    for key in thresholds():
        f1s = {variant.values[key]: f1(variant.config) for variant in varied(key)}
        print(key, *(f"{value:g}: {each:.4f}" for value, each in f1s.items()), sep="  ", flush=True)
        best = max(f1s, key=f1s.__getitem__)
        found[key] = Loss(f1s[best] - default, best) if f1s[best] > default else Loss(0.0, None)
    return default, found


def table(sets: Mapping[str, tuple[float, Mapping[str, Loss]]]) -> Iterator[str]:
    yield heading("threshold", "default", *sets)
    for key in thresholds():
        *_, section, name = key.split(".")
        default = getattr(getattr(Config().detection, section), name)
        yield row(f"`{section}.{name}`", f"{default:g}", *(cell(of[key]) for _, of in sets.values()))
    yield row("F1 of the default", "", *(f"{default:.3f}" for default, _ in sets.values()))
    greatest = (max(loss.f1 for loss in of.values()) for _, of in sets.values())
    yield row(bold("greatest loss"), "", *(bold(f"{loss:.3f}") for loss in greatest))


def cell(loss: Loss) -> str:
    told = f"{loss.f1:.3f}"
    return told if float(told) == 0 else f"{told} ({loss.value:g})"


def main(paths: Sequence[Path], orders: int, most: int | None, page: Path | None) -> None:
    golds = [sampled(read_gold(path), most) for path in paths]
    lines = list(table({gold.name: losses(gold, orders) for gold in golds}))
    print(*lines, sep="\n")
    if page is not None:
        put_into(page, "losses", lines)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.benchmarks.loss_of_default")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--orders", type=int, default=1)
    parser.add_argument("--most", type=int)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    main(arguments.gold, arguments.orders, arguments.most, arguments.write)
