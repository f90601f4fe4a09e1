"""`wirewatch serve`: the live page and its API."""

import logging
import os
import signal
import sys
from pathlib import Path

import click

from pipeline.commands.common import Failure, configured
from pipeline.config import Config, ServeConfig

_SHORTEST_TOKEN = 16


@click.command()
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document of the API, and serve nothing.")
@configured
def serve(openapi: bool, config: Config) -> None:
    """Show the stories of a store as a page that keeps itself up to date, as a JSON API and as feeds."""
    if openapi:
        click.echo(_openapi())
        return
    token = _token(config.serve)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server takes signals over while it runs, and hands them back once it has ended in peace.
        signal.signal(number, lambda *_: sys.exit(0))
    logging.basicConfig(format="wirewatch: %(message)s", level=logging.WARNING)

    from prometheus_client import CollectorRegistry

    from pipeline.metrics import MetricsError, serve_metrics
    from pipeline.store import Store, StoreError
    from pipeline.web.measuring import ServeMetrics
    from pipeline.web.server import CannotListen
    from pipeline.web.server import serve as serve_store

    try:
        registry = CollectorRegistry()
        metrics = ServeMetrics(registry)
        with Store.open(config.store.url) as store, serve_metrics(config.metrics.listen, registry, store.unready):
            serve_store(store, config.serve, token, metrics, lambda address: click.echo(f"serving at {address}"))
    except (StoreError, CannotListen, MetricsError) as error:
        raise Failure(str(error)) from error


def _openapi() -> str:
    import orjson

    from pipeline.web.app import describe

    return orjson.dumps(describe().openapi(), option=orjson.OPT_INDENT_2).decode()


def _token(config: ServeConfig) -> str | None:
    """Find the token; without one, refuse to listen where others can reach it."""
    from pipeline.web.security import is_loopback

    token = os.environ.get("WIREWATCH_SERVE_TOKEN") or _token_from(config.token_file)
    if token is None and not is_loopback(config.host):
        raise click.UsageError(
            f"[serve] host is {config.host!r}, which others can reach, and there is no token: set "
            "WIREWATCH_SERVE_TOKEN or [serve] token_file, or listen on 127.0.0.1"
        )
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise click.UsageError(
            f"the token of [serve] has {len(token)} characters, but needs {_SHORTEST_TOKEN} to be hard to guess: make "
            'one with python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    return token


def _token_from(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"[serve] token_file {path!r} cannot be read: {error}") from error
