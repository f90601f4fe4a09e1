"""What goes in and out is what schemas/ says; the configurations in configs/ are what the code takes."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import orjson
import pytest

from pipeline.config import Config, DestinationConfig, HttpConfig, RuleConfig, Section, load_config
from pipeline.records import DEAD_LETTER_RAW_BYTES
from tests.running import ROOT, Wirewatch, read_jsonl


def _schema(name: str) -> jsonschema.Draft202012Validator:
    schema = orjson.loads((ROOT / "schemas" / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_article_of_the_sample_fits_the_schema() -> None:
    schema = _schema("article")
    for article in read_jsonl(ROOT / "samples" / "newswire.jsonl"):
        schema.validate(article)


def test_every_record_that_a_replay_writes_fits_its_schema(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_bytes(b"x" * 2 * DEAD_LETTER_RAW_BYTES)
    files = {"--events": "story-event", "--assignments": "assignment", "--dead-letters": "dead-letter"}
    options = [word for option, name in files.items() for word in (option, f"{name}.jsonl")]
    wirewatch("replay", ROOT / "samples" / "newswire.jsonl", "broken.jsonl", "--close-all", *options)
    for name in files.values():
        records = read_jsonl(tmp_path / f"{name}.jsonl")
        assert records
        for record in records:
            _schema(name).validate(record)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda path: path.name)
def test_every_configuration_loads(path: Path) -> None:
    assert isinstance(load_config(path), Config)


def test_the_default_configuration_names_every_key_with_its_default() -> None:
    path = ROOT / "configs" / "default.toml"
    assert load_config(path) == Config()
    text = path.read_text()
    given = tomllib.loads(text)
    for *sections, key, default in _keys(Config):
        table = given
        for section in sections:
            table = table.get(section, {})
        # TOML cannot write "none": such a key stands in a comment.
        shown = f"# {key} = " in text if default is None else key in table
        assert shown, f"configs/default.toml lacks {key} in {sections}"


def test_the_example_of_delivery_names_every_key_of_rules_and_destinations() -> None:
    text = (ROOT / "configs" / "deliver.toml").read_text()
    given = load_config(ROOT / "configs" / "deliver.toml").deliver
    kinds = {type(each) for each in given.destinations}
    assert kinds == set(DestinationConfig.__subclasses__()) - {HttpConfig} | set(HttpConfig.__subclasses__())
    for kind in (RuleConfig, *kinds):
        for field in msgspec.structs.fields(kind):
            assert f"\n{field.name} = " in text or f"\n# {field.name} = " in text, (
                f"configs/deliver.toml lacks {field.name}"
            )


def _keys(kind: Any, *sections: str) -> Iterator[tuple[Any, ...]]:
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            yield from _keys(field.type, *sections, field.name)
        else:
            yield *sections, field.name, field.default


def test_every_option_that_the_readme_shows_is_one_of_its_command(wirewatch: Wirewatch) -> None:
    synopsis = (ROOT / "README.md").read_text().split("## Use", 1)[1].split("(`make run`", 1)[0]
    shown = re.findall(r"^    wirewatch (\w+(?: sweep)?)((?:.|\n {8,})*)", synopsis, re.MULTILINE)
    assert [command for command, _ in shown] == ["replay", "evaluate", "evaluate sweep", "explain"]
    for command, arguments in shown:
        told = wirewatch(*command.split(), "--help").stdout
        for option in re.findall(r"--[a-z-]+\w", arguments):
            assert option in told
