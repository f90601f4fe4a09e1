"""Detection with the default configuration stays as good as it was: floors just under what was reached."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from connectors.parsing import parse
from pipeline.config import DetectionConfig
from pipeline.evaluation.evaluate import Evaluation, evaluate
from pipeline.evaluation.gold import read_gold
from pipeline.hosts.clustering import Clustering

PLAUSIBLE = (datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1))


def _evaluated(path: Path, orders: int = 5) -> Evaluation:
    clustering = Clustering(partial(parse, plausible=PLAUSIBLE), DetectionConfig())
    return evaluate(read_gold(path), cluster=clustering, orders=orders)


# What was reached stands in docs/evaluation.md.
@pytest.mark.parametrize(
    ("name", "floor", "orders"),
    [("ecbplus", 0.95, 5), ("fnc1", 0.927, 5), ("multiling2011", 0.88, 2), ("googlenews_ts", 0.90, 1)],
)
def test_labelled_news_keeps_its_b_cubed_f1(shared: Path, name: str, floor: float, orders: int) -> None:
    assert _evaluated(shared / "data" / f"{name}.jsonl.xz", orders).scores.bcubed.f1 >= floor


def test_no_language_falls_behind(shared: Path) -> None:
    evaluation = _evaluated(shared / "data" / "multiling2011.jsonl.xz", orders=2)
    assert min(scores.bcubed.f1 for scores in evaluation.by_language.values()) >= 0.75


def test_the_sample_keeps_its_b_cubed_f1(samples: Path) -> None:
    assert _evaluated(samples / "newswire.jsonl").scores.bcubed.f1 >= 0.9
