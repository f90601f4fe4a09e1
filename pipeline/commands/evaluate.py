"""`wirewatch evaluate`: how well detection does on labelled articles."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands.common import configured, plausible_dates
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.evaluation.evaluate import Evaluation


class _WithSweep(click.Command):
    """`evaluate GOLD...`, but `evaluate sweep ...` is a command of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args[:1] == ["sweep"]:
            return sweep.make_context(f"{info_name} sweep", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def streamed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how gold sets are streamed, and what is printed."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
        click.option("--by-date", is_flag=True, help="Stream once, by published_at, instead of in seeded orders."),
        click.option("--orders", default=5, show_default=True, type=click.IntRange(1), help="Orders to average over."),
    ):
        command = option(command)
    return configured(command)


@click.command(cls=_WithSweep)
@click.argument("gold", nargs=-1, required=True, metavar="GOLD...")
@streamed
def evaluate(gold: tuple[str, ...], orders: int, by_date: bool, as_json: bool, config: Config) -> None:
    """Score detection on labelled articles: stories, copies, and how soon stories emerge.

    `wirewatch evaluate sweep` compares values of configuration keys.
    """
    from rich.console import Console

    from pipeline.evaluation.report import render, to_dict

    (evaluations,) = _evaluated(gold, [config], orders=orders, by_date=by_date)
    if as_json:
        _print_json(to_dict(evaluations))
    else:
        Console().print(render(evaluations))


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="KEY=VALUE,VALUE,... GOLD...")
@click.option("--plot", metavar="FILE", help="Draw B-cubed F1 over the values of one key: .svg or .png.")
@streamed
def sweep(
    arguments: tuple[str, ...], plot: str | None, orders: int, by_date: bool, as_json: bool, config: Config
) -> None:
    """Score detection on labelled articles under every combination of values of configuration keys."""
    from rich.console import Console

    from pipeline.evaluation.plot import check_plot, plot_sweep
    from pipeline.evaluation.sweep import Swept, render_sweep, sweep_to_list, variants

    settings = [argument for argument in arguments if "=" in argument]
    gold = [argument for argument in arguments if "=" not in argument]
    if not settings or not gold:
        raise click.UsageError(
            "a sweep needs a key with its values and a gold set, as in detection.copies.threshold=0.4,0.5 gold.jsonl"
        )
    try:
        varied = variants(config, settings)
        if plot:
            check_plot(varied, Path(plot))
    except ModuleNotFoundError as error:
        raise click.UsageError("--plot needs matplotlib: pip install 'wirewatch[plot]'") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    results = _evaluated(gold, [variant.config for variant in varied], orders=orders, by_date=by_date)
    swept = [Swept(variant.values, evaluations) for variant, evaluations in zip(varied, results, strict=True)]
    if plot:
        plot_sweep(swept, Path(plot))
    if as_json:
        _print_json(sweep_to_list(swept))
    else:
        Console().print(render_sweep(swept))


def _evaluated(
    gold: Iterable[str], configs: Sequence[Config], *, orders: int, by_date: bool
) -> "list[list[Evaluation]]":
    """Evaluate every set under every configuration."""
    from rich.console import Console
    from rich.progress import Progress

    from connectors.parsing import parse
    from pipeline.evaluation.evaluate import evaluate as evaluate_set
    from pipeline.evaluation.gold import read_gold_sets
    from pipeline.hosts.clustering import Clustering

    errors = Console(stderr=True)
    clustering = Clustering(partial(parse, plausible=plausible_dates(configs[0])), configs[0].detection)
    results: list[list[Evaluation]] = []
    try:
        sets = read_gold_sets(map(Path, gold))
        with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
            task = progress.add_task("evaluating", total=len(configs) * len(sets))
            for config in configs:
                clustering = clustering.under(config.detection)
                results.append([])
                for each in sets:
                    results[-1].append(evaluate_set(each, cluster=clustering, orders=orders, by_date=by_date))
                    progress.advance(task)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    return results


def _print_json(document: Any) -> None:
    import orjson

    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
