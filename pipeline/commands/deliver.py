"""`wirewatch deliver`: story events to those who must know."""

import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands.common import Failure, configured, idle_option, stop_on_signals
from pipeline.config import Config, SqlConfig

if TYPE_CHECKING:
    from pipeline.delivery.destinations.sql import EventStore


@click.command()
@idle_option("End when nothing came for so long and nothing is due.")
@click.option("--dead", is_flag=True, help="List the dead letters of every destination, and end.")
@click.option(
    "--replay-dead", metavar="DESTINATION", help="Let the dead letters of a destination be tried again, and end."
)
@click.option("--test-rule", metavar="RULE", help="Show which of the --events a rule would have alerted of, and end.")
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Past story events, as `replay` and `run` write them.",
)
@configured
def deliver(
    until_idle: float | None,
    dead: bool,
    replay_dead: str | None,
    test_rule: str | None,
    events: Path | None,
    config: Config,
) -> None:
    """Read story events from [output] as they come, and deliver them to every destination of [deliver].

    What was delivered is remembered ([deliver] state): stopped or killed at any moment, it goes on where it was. --dead
    and --replay-dead may be used beside a `deliver` that runs.
    """
    if (test_rule is None) != (events is None):
        raise click.UsageError("--test-rule RULE and --events FILE belong together: give both")
    if events is not None:
        _test_rule(test_rule or "", events, config)
    elif dead:
        _list_dead(config)
    elif replay_dead is not None:
        _replay_dead(replay_dead, config)
    else:
        _deliver(until_idle, config)


def _deliver(until_idle: float | None, config: Config) -> None:
    from pipeline.delivery.deliver import DeliveryFailed, make_destinations
    from pipeline.delivery.deliver import deliver as run
    from pipeline.delivery.destinations.contract import Misconfigured
    from pipeline.delivery.feeds import FeedFailed
    from pipeline.delivery.queue import QueueRefused
    from pipeline.metrics import MetricsError

    _check(config)
    stop = stop_on_signals()
    logging.basicConfig(format="wirewatch: %(message)s", level=logging.WARNING)
    try:
        destinations = make_destinations(config, os.environ, _open_store)
    except Misconfigured as error:
        raise click.UsageError(str(error)) from error
    try:
        run(config, destinations, stop=stop, until_idle=until_idle)
    except (DeliveryFailed, FeedFailed, MetricsError, QueueRefused) as error:
        raise Failure(str(error)) from error


def _check(config: Config) -> None:
    if (config.output.kafka is None) == (config.output.jsonl is None):
        found = "neither" if config.output.kafka is None else "both"
        raise click.UsageError(f"[output] has {found} of 'kafka' and 'jsonl': give exactly one of them to read from")
    if not config.deliver.destinations:
        raise click.UsageError(
            "there is nowhere to deliver to: give [[deliver.destinations]]; see configs/deliver.toml"
        )
    for given in config.deliver.destinations:
        if isinstance(given, SqlConfig):
            _check_address(given.url or config.store.url)


def _check_address(store: str) -> None:
    """Refuse what can never be a store; one that is only gone for now is waited for."""
    from pipeline.store import StoreError
    from pipeline.store.connecting import connect

    try:
        connect(store).dispose()
    except StoreError as error:
        raise click.UsageError(str(error)) from error


def _open_store(url: str) -> "EventStore":
    from pipeline.store import Store

    return Store.open(url)


def _test_rule(name: str, events: Path, config: Config) -> None:
    """Print what a rule would have alerted of, as if each event had come at its own time."""
    from pipeline.delivery.quiet import release
    from pipeline.delivery.rules import Rule, Subject
    from pipeline.delivery.texts import message_of
    from pipeline.events import MalformedEvent, event_from

    found = next((rule for rule in config.deliver.rules if rule.name == name), None)
    if found is None:
        known = ", ".join(rule.name for rule in config.deliver.rules) or "none"
        raise click.UsageError(f"there is no rule {name!r} in [[deliver.rules]]: it has {known}")
    rule = Rule(found)
    alerted: dict[str, int] = {}
    num_events = num_fired = 0
    with events.open("rb") as file:
        for num_events, line in enumerate(file, 1):
            try:
                event = event_from(line)
            except MalformedEvent as error:
                raise Failure(f"{str(events)!r}, line {num_events}: {error}") from error
            subject = Subject(event, config.detection.stories.growth_ladder)
            if not rule.fires(subject, alerted.get(event.story_id)):
                continue
            num_fired += 1
            if subject.rung is not None:
                alerted[event.story_id] = subject.rung
            due = release(event.time, found)
            held = "" if due == event.time else f"  (held until {due:%Y-%m-%d %H:%M:%S} UTC)"
            message = message_of(event, ())
            click.echo(f"{event.id}  {message.headline}  {message.facts}{held}")
    click.echo(f"{name} would have fired for {num_fired} of {num_events} events")


def _list_dead(config: Config) -> None:
    from pipeline.delivery.queue import QueueRefused, read_queue
    from pipeline.delivery.texts import harmless
    from pipeline.events import event_from

    try:
        with read_queue(config.deliver.state) as queue:
            for given in config.deliver.destinations:
                for letter in queue.dead(given.name):
                    since = datetime.fromtimestamp(letter.first_at or letter.due_at, UTC)
                    click.echo(
                        f"{given.name}  {event_from(letter.line).id}  {letter.attempts} attempts since "
                        f"{since:%Y-%m-%d %H:%M:%S} UTC  {harmless(letter.reason, 500)}"
                    )
    except QueueRefused as error:
        raise Failure(str(error)) from error


def _replay_dead(name: str, config: Config) -> None:
    from pipeline.delivery.queue import QueueRefused, read_queue

    known = [given.name for given in config.deliver.destinations]
    if name not in known:
        raise click.UsageError(f"there is no destination {name!r}: [deliver] has {', '.join(known) or 'none'}")
    try:
        with read_queue(config.deliver.state) as queue:
            num_revived = queue.revive(name, time.time())
    except QueueRefused as error:
        raise Failure(str(error)) from error
    click.echo(f"{num_revived} dead letters of {name} are tried again by `wirewatch deliver`")
