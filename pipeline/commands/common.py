"""What the commands have in common: configuration, times, errors."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from typing import Any

import click

from pipeline.config import Config, ConfigError, load_config


class Failure(click.ClickException):
    """The command could not do its work: exit code 1, where wrong usage has 2."""

    exit_code = 1


def configured(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --config and hand it a `Config`."""

    @click.option(
        "--config", "config_path", metavar="FILE", help="TOML configuration; configs/default.toml has every key."
    )
    @wraps(command)
    def with_config(config_path: str | None, **arguments: Any) -> None:
        try:
            config = load_config(config_path)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        command(config=config, **arguments)

    return with_config


def idle_option(explanation: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that goes on for ever the option --until-idle."""
    return click.option(
        "--until-idle", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help=explanation
    )


class Time(click.ParamType[datetime]):
    """A point in time as articles give it: ISO 8601, UTC where no zone is named."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from connectors.dates import parse_date

        moment = parse_date(value)
        if moment is None:
            self.fail(f"{value!r} is no date and time; write it as 1987-03-17T04:30:00Z", param, ctx)
        return moment


@contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself what Beam says while it is imported: which optional parts it lacks is no news to anybody."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def plausible_dates(config: Config) -> tuple[datetime, datetime]:
    """Bound what is believed of `published_at`: not the zero of a clock, not the future (but clocks and zones err)."""
    earliest = datetime.combine(config.input.plausible_from, time.min, UTC)
    return earliest, datetime.now(UTC) + timedelta(days=1)


def stop_on_signals() -> threading.Event:
    """Give an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread of its own: setting it takes a lock that this very thread, or an earlier signal, may hold.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set, daemon=True).start())
    return stop


def tell_if_slow() -> None:
    """Say so where a command that runs for long does without the compiled loops."""
    from pipeline.detection.kernels import ARE_COMPILED

    if not ARE_COMPILED:
        click.echo(
            "wirewatch: detection runs without its compiled loops, at less than half their speed: install a C compiler "
            "and the headers of Python, then install wirewatch again",
            err=True,
        )
