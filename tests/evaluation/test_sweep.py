import json
from pathlib import Path

import pytest

from pipeline.config import Config, ConfigError
from pipeline.evaluation.sweep import variants
from tests.running import Wirewatch

SHARE = "detection.stories.cohesion_share"


def test_several_keys_are_combined() -> None:
    varied = variants(Config(), [f"{SHARE}=0.4,0.5", "detection.index_depth=4,8"])

    assert [tuple(each.values.values()) for each in varied] == [(0.4, 4), (0.4, 8), (0.5, 4), (0.5, 8)]
    assert [each.config.detection.stories.cohesion_share for each in varied] == [0.4, 0.4, 0.5, 0.5]
    assert varied[0].config.detection.copies == Config().detection.copies


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("detection.stories.cohesion=0.4", "cohesion"),
        ("detection.stories.cohesion_share=4", "cohesion_share"),
        ("detection.nothing.here=1", "nothing"),
        (f"{SHARE}=high", "values as in TOML"),
    ],
)
def test_what_is_no_setting_is_refused(setting: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        variants(Config(), [setting])


def test_a_sweep_tells_each_variant_and_draws_it(wirewatch: Wirewatch, samples: Path, tmp_path: Path) -> None:
    gold = samples / "newswire.jsonl"
    plot = tmp_path / "sweep.svg"
    swept = wirewatch("evaluate", "sweep", f"{SHARE}=0.55,1.0", gold, "--orders", 1, "--json", "--plot", plot)
    plain = wirewatch("evaluate", gold, "--orders", 1, "--json")

    default, strict = json.loads(swept.stdout)
    assert (default["values"], strict["values"]) == ({SHARE: 0.55}, {SHARE: 1.0})
    assert default["sets"] == json.loads(plain.stdout)
    assert strict["sets"]["newswire"]["bcubed"]["recall"] < default["sets"]["newswire"]["bcubed"]["recall"]
    assert "<svg" in plot.read_text()


def test_the_table_of_a_sweep_has_a_row_a_value(wirewatch: Wirewatch, samples: Path) -> None:
    swept = wirewatch(
        "evaluate", "sweep", "detection.stories.emerge_reports=2,3", samples / "newswire.jsonl", "--orders", 1
    )

    header, *rows = swept.stdout.splitlines()
    assert header.split() == ["detection.stories.emerge_reports", "newswire", "mean"]
    assert [row.split()[0] for row in rows[:2]] == ["2", "3"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([f"{SHARE}=0.4"], "a gold set"),
        (["gold.jsonl"], "a key with its values"),
        ([f"{SHARE}=0.4", "gold.jsonl", "--plot", "sweep.pdf"], ".png or .svg"),
        ([f"{SHARE}=0.4", "detection.index_depth=4", "gold.jsonl", "--plot", "sweep.svg"], "one key"),
        ([f"{SHARE}=0.4", "gold.jsonl"], "gold.jsonl"),
    ],
)
def test_wrong_usage_is_told_before_any_work(wirewatch: Wirewatch, arguments: list[str], told: str) -> None:
    refused = wirewatch("evaluate", "sweep", *arguments)

    assert refused.returncode == 2
    assert told in refused.stderr
