"""`wirewatch store`: the database of story events, made, filled and kept small."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import IO, TYPE_CHECKING

import click

from pipeline.commands.common import Failure, Time, configured
from pipeline.config import Config

if TYPE_CHECKING:
    from pipeline.store import Store

_EVENTS_A_TRANSACTION = 500


@click.group()
def store() -> None:
    """Keep story events in a database: [store] url."""


@store.command()
@click.option(
    "--back-to", metavar="MIGRATION", help="Undo the migrations after this one; base undoes all, and the data."
)
@configured
def migrate(back_to: str | None, config: Config) -> None:
    """Bring the tables to this version of Wirewatch."""
    with _failing():
        from pipeline.store import migrating
        from pipeline.store.connecting import connect, explained

        engine = connect(config.store.url, patience=None)
        with explained(engine):
            if back_to is None:
                migrating.migrate(engine)
            else:
                migrating.go_back(engine, back_to)
            click.echo(f"the store is at migration {migrating.current(engine) or 'base'}")
        engine.dispose()


@store.command()
@click.argument("events", nargs=-1, required=True, type=click.File("rb"), metavar="EVENTS...")
@configured
def load(events: tuple[IO[bytes], ...], config: Config) -> None:
    """Take story events in from files as `replay` writes them; what is there already stays as it is."""
    refused = 0
    with _opened(config) as opened:
        for file in events:
            refused += _load(opened, file)
    if refused:
        raise Failure(f"{refused} lines were refused and left out, the others were taken in")


@store.command()
@click.option("--before", type=Time(), help="Forget the stories of which nothing was told since this time.")
@configured
def prune(before: datetime | None, config: Config) -> None:
    """Forget stories of which nothing was told for [store] keep_days."""
    if before is None:
        if config.store.keep_days is None:
            raise click.UsageError("nothing says what is old: give --before TIME, or keep_days in [store]")
        before = datetime.now(UTC) - timedelta(days=config.store.keep_days)
    with _opened(config) as opened:
        click.echo(f"{opened.prune(before)} stories forgotten, told last before {before:%Y-%m-%dT%H:%M:%SZ}")


def _load(opened: "Store", file: IO[bytes]) -> int:
    """Take one file in, a transaction at a time; gives how many lines were refused."""
    numbered = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
    num_read = num_refused = 0
    while part := list(islice(numbered, _EVENTS_A_TRANSACTION)):
        num_read += len(part)
        num_refused += _apply(opened, part, file.name)
    click.echo(f"{file.name}: {num_read - num_refused} events")
    return num_refused


def _apply(opened: "Store", part: list[tuple[int, bytes]], name: str) -> int:
    from pipeline.store import MalformedEvent

    num_refused = 0
    while True:
        try:
            opened.apply([line for _, line in part])
        except MalformedEvent as error:
            number, _ = part.pop(error.index)
            click.echo(f"{name}:{number}: {error.detail}", err=True)
            num_refused += 1
        else:
            return num_refused


@contextmanager
def _opened(config: Config) -> Iterator["Store"]:
    with _failing():
        from pipeline.store import Store

        with Store.open(config.store.url) as opened:
            yield opened


@contextmanager
def _failing() -> Iterator[None]:
    from pipeline.store import StoreError

    try:
        yield
    except StoreError as error:
        raise Failure(str(error)) from error
