"""Sweeps: the same gold sets evaluated under several values of configuration keys."""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import msgspec
from rich.table import Table

from pipeline.config import Config, ConfigError, config_from
from pipeline.evaluation.evaluate import Evaluation
from pipeline.evaluation.report import plain_table, to_dict


class Variant(NamedTuple):
    """A configuration, and in what it differs from the others of a sweep."""

    values: Mapping[str, Any]
    """Configuration key, as in ``detection.stories.cohesion_share``, to value."""
    config: Config


class Swept(NamedTuple):
    """What one variant gave."""

    values: Mapping[str, Any]
    evaluations: Sequence[Evaluation]
    """In the same order of sets for every variant."""


def variants(config: Config, settings: Sequence[str]) -> list[Variant]:
    """Vary a configuration: every combination of the values of all keys.

    Parameters
    ----------
    config
        What all variants have in common.
    settings
        ``KEY=VALUE,VALUE,...`` each, values as in TOML.

    Raises
    ------
    ConfigError
        If a setting is none, or a key or a value does not belong.

    Examples
    --------
    >>> [each.values for each in variants(Config(), ["detection.copies.threshold=0.4,0.5"])]
    [{'detection.copies.threshold': 0.4}, {'detection.copies.threshold': 0.5}]
    """
    keys = dict(map(_parse, settings))
    combinations = [dict(zip(keys, values, strict=True)) for values in product(*keys.values())]
    return [Variant(values, _changed(config, values)) for values in combinations]


def render_sweep(swept: Sequence[Swept]) -> Table:
    """Draw the B-cubed F1 of every set, a row a variant, and their mean; the best of each column is bold."""
    names = [evaluation.name for evaluation in swept[0].evaluations]
    table = plain_table(" ".join(swept[0].values), *names, "mean")
    rows = [_f1s(each) for each in swept]
    best = [max(column) for column in zip(*rows, strict=True)]
    for each, row in zip(swept, rows, strict=True):
        cells = (f"[bold]{f1:.3f}[/]" if f1 == most else f"{f1:.3f}" for f1, most in zip(row, best, strict=True))
        table.add_row(" ".join(map(str, each.values.values())), *cells)
    table.caption = "B³ F1: mean over the orders"
    return table


def sweep_to_list(swept: Sequence[Swept]) -> list[dict[str, Any]]:
    """Give a sweep as JSON: the values of each variant, and its figures as `wirewatch evaluate` gives them."""
    return [{"values": each.values, "sets": to_dict(each.evaluations)} for each in swept]


def _f1s(swept: Swept) -> list[float]:
    f1s = [evaluation.scores.bcubed.f1 for evaluation in swept.evaluations]
    return [*f1s, sum(f1s) / len(f1s)]


def _parse(setting: str) -> tuple[str, list[Any]]:
    key, _, values = setting.partition("=")
    try:
        return key, tomllib.loads(f"values = [{values}]")["values"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{setting!r}: {error}; write KEY=VALUE,VALUE,... with values as in TOML") from error


def _changed(config: Config, values: Mapping[str, Any]) -> Config:
    table = msgspec.to_builtins(config)
    for key, value in values.items():
        *sections, name = key.split(".")
        section = table
        for each in sections:
            section = section.setdefault(each, {})
        section[name] = value
    return config_from(table, place="sweep")
