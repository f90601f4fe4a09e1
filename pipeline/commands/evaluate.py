"""`wirewatch evaluate`: how well detection does on labelled articles."""

from functools import partial
from pathlib import Path

import click

from pipeline.commands.common import configured, plausible_dates
from pipeline.config import Config


@click.command()
@click.argument("gold", nargs=-1, required=True, metavar="GOLD...")
@click.option("--orders", default=5, show_default=True, type=click.IntRange(1), help="Seeded orders to average over.")
@click.option("--by-date", is_flag=True, help="Stream once, by published_at, instead of in seeded orders.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@configured
def evaluate(gold: tuple[str, ...], orders: int, by_date: bool, as_json: bool, config: Config) -> None:
    """Score detection on labelled articles: B-cubed and pairwise, for each set, with the spread over the orders."""
    import orjson
    from rich.console import Console
    from rich.progress import track

    from connectors.parsing import parse
    from pipeline.evaluation.evaluate import evaluate as evaluate_set
    from pipeline.evaluation.report import render, to_dict
    from pipeline.evaluation.gold import read_gold_sets
    from pipeline.hosts.clustering import Clustering

    errors = Console(stderr=True)
    clustering = Clustering(partial(parse, plausible=plausible_dates(config)), config.detection)
    try:
        sets = read_gold_sets(map(Path, gold))
        evaluations = [
            evaluate_set(each, cluster=clustering, orders=orders, by_date=by_date)
            for each in track(sets, "evaluating", console=errors, transient=True, disable=not errors.is_terminal)
        ]
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(orjson.dumps(to_dict(evaluations), option=orjson.OPT_INDENT_2))
    else:
        Console().print(render(evaluations))
