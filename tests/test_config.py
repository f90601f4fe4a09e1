"""What a configuration may say, and what is said to who wrote something else."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.config import Config, ConfigError, DetectionConfig, config_from, load_config
from pipeline.detection.detector import Detector


def refused(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "wirewatch.toml"


def test_without_a_file_everything_has_its_default() -> None:
    assert load_config(None) == Config()


def test_an_empty_file_is_every_default(path: Path) -> None:
    path.write_text("")
    assert load_config(path) == Config()


def test_the_defaults_written_out_are_accepted() -> None:
    assert config_from(msgspec.to_builtins(Config()), place="defaults") == Config()


def test_what_is_written_is_what_is_used(path: Path) -> None:
    path.write_text(
        "[detection.stories]\nmicro_threshold = 0.5\ngrowth_ladder = [4, 9]\n[detection.time]\nhorizon_hours = 1"
    )
    detection = load_config(path).detection
    assert (detection.stories.micro_threshold, detection.stories.growth_ladder) == (0.5, (4, 9))
    assert detection.time.horizon_hours == 1.0
    assert detection.copies == DetectionConfig().copies


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[detection.copies]\nthreshhold = 0.5", ["threshhold", "detection.copies", "threshold"]),
        ("[detectoin]\n", ["detectoin", "detection"]),
        ("[output]\nzzz = 1", ["zzz", "output", "source"]),
        ("[detection]\nmax_admissions = 'many'", ["detection.max_admissions", "many", "int"]),
        ("[detection.stories]\ngrowth_ladder = [5, 'x']", ["growth_ladder", "x", "int"]),
        ("[detection]\nstories = 3", ["detection.stories", "3", "object"]),
        ("[detection.copies]\nthreshold = 0.0", ["detection.copies.threshold", "0.0"]),
        ("[detection.copies]\nthreshold = nan", ["detection.copies.threshold", "nan"]),
        ("[detection.copies]\nbands = 0", ["detection.copies.bands", "0", "1"]),
        ("[detection.time]\ntick_seconds = 0.0", ["detection.time.tick_seconds", "0.0", "0.001"]),
        ("[detection.time]\nhorizon_hours = -1.0", ["detection.time.horizon_hours", "-1.0"]),
        ("[detection.time]\ntick_seconds = 3600\nhorizon_hours = 1", ["horizon_hours", "1.0", "at least 3", "3600.0"]),
        ("[detection.stories]\ngrowth_ladder = [5, 3]", ["growth_ladder", "[5, 3]", "[3, 5]"]),
        ("[input]\nmax_article_bytes = 5", ["input.max_article_bytes", "5", "1024"]),
        ("[output]\nsource = ''", ["output.source", "''"]),
        ("[run]\nengine = 'spark'", ["run.engine is 'spark': it knows embedded, flink"]),
        ("[kafka]\nsasl = 'SCRAM'", ["kafka.sasl is 'SCRAM': it knows PLAIN, SCRAM-SHA-256"]),
    ],
)
def test_a_refusal_names_the_key_the_value_and_the_remedy(path: Path, text: str, words: list[str]) -> None:
    message = refused(path, text)
    assert [word for word in words if word not in message] == []


_DELIVER = """
[[deliver.rules]]
name = "harbours"
quiet_from = 22:00:00
quiet_until = 07:00:00
time_zone = "Europe/Berlin"
[[deliver.destinations]]
kind = "webhook"
name = "desk"
rules = ["harbours"]
[[deliver.destinations]]
kind = "sql"
name = "store"
"""


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("kind = ", "knd = ", "deliver.destinations[0] is {'knd': 'webhook'"),
        ('"sql"', '"sqll"', "deliver.destinations[1].kind is 'sqll': did you mean 'sql'?"),
        (
            "time_zone",
            'types = ["new"]\ntime_zone',
            "deliver.rules[0].types[0] is 'new': it knows emerged, grew, surged, ",
        ),
        ('"sql"', '"sql"\nstart = "begin"', "deliver.destinations[1].start is 'begin': did you mean 'beginning'?"),
        ('"webhook"\n', '"webhook"\nulr = ""\n', "'ulr' in [deliver.destinations[0]]: did you mean 'url'?"),
        ("time_zone", "timezone", "'timezone' in [deliver.rules[0]]: did you mean 'time_zone'?"),
        ('["harbours"]', '["harbour"]', "has 'harbour', but there is no such rule: did you mean 'harbours'?"),
        ('["harbours"]', '["harbours", 7]', "deliver.destinations[0].rules[1] is 7"),
        ('"store"', '"desk"', "2 deliver.destinations are named 'desk'"),
        ('"store"', '"The Store"', "deliver.destinations[1].name is 'The Store'"),
        ("time_zone", 'languages = ["en", "English"]\ntime_zone', "deliver.rules[0].languages[1] is 'English'"),
        ("time_zone", 'words = ["ferry", "?!"]\ntime_zone', "has '?!', in which no word is"),
        ("quiet_from = 22:00:00\n", "", "has one of quiet_from and quiet_until"),
        ("22:00:00", "07:00:00", "is quiet from 07:00:00 to the same time"),
        ("Europe/Berlin", "Europe/Berln", "time_zone 'Europe/Berln', which is none"),
        ("Europe/Berlin", "../zone", "time_zone '../zone', which is none"),
    ],
)
def test_a_slip_in_rules_and_destinations_is_named(path: Path, right: str, wrong: str, words: str) -> None:
    assert right in _DELIVER
    path.write_text(_DELIVER, "utf-8")
    assert len(load_config(path).deliver.destinations) == 2
    assert words in refused(path, _DELIVER.replace(right, wrong))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing.toml' cannot be read: No such file .*; give an existing file"):
        load_config(tmp_path / "missing.toml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize("data", [b"[detection", b"a = ", b"\xff\xfe\x00"])
def test_what_is_not_toml_is_named_with_the_place(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"wirewatch.toml' is not TOML: .*(line|position|at end of document)"):
        load_config(path)


def keys(table: dict[str, Any], prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in table.items():
        found += keys(value, (*prefix, key)) if isinstance(value, dict) else [(*prefix, key)]
    return found


@pytest.mark.parametrize("key", keys(msgspec.to_builtins(Config())), ids=".".join)
def test_no_key_takes_a_value_of_another_type(key: tuple[str, ...]) -> None:
    table: dict[str, Any] = {}
    inner = table
    for part in key[:-1]:
        inner = inner.setdefault(part, {})
    inner[key[-1]] = {"not": "this"}
    with pytest.raises(ConfigError, match=key[-1]):
        config_from(table, place="test")


def test_what_is_accepted_can_be_run() -> None:
    assert Detector(Config().detection).advance(0) == []
