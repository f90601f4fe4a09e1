"""Puts the embedded host together from a configuration."""

import os
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.config import Config, KafkaConfig
from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.folder_input import FindFiles, FolderInput, ReadFile
from pipeline.hosts.embedded.inputs import Input
from pipeline.hosts.embedded.jsonl_outlet import JsonlOutlet
from pipeline.hosts.embedded.loop import Loop
from pipeline.hosts.embedded.measuring import measured
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.outlets import Outlet
from pipeline.hosts.embedded.sender import Sender
from pipeline.hosts.embedded.state import State, open_state
from pipeline.records import Parse


class Readers(NamedTuple):
    """What the host is handed, since hosts know no connector."""

    parse: Parse
    find: FindFiles
    read: ReadFile


def run_embedded(
    config: Config,
    readers: Readers,
    *,
    stop: threading.Event,
    until_idle: float | None = None,
    forget_cursor: bool = False,
) -> Counter[str]:
    """Run until `stop` is set, or until nothing came for `until_idle` seconds; gives what was counted.

    Raises
    ------
    pipeline.hosts.embedded.errors.HostFailed
        If input, state or output cannot go on.
    pipeline.metrics.MetricsError
        If metrics are asked for and cannot be served.
    """
    with open_state(config.run.state, config.detection) as state:
        engine = Engine(state, config, readers.parse, time.time)

        def make_outlet(outbox: Outbox) -> Outlet:
            return _outlet(config, outbox, state_id=state_id, forget_cursor=forget_cursor)

        def open_source() -> Input:
            return _source(config, readers)

        # Longer than one attempt: a broker that is just being restarted is worth waiting for.
        state_id, patience = state.id, 3 * config.kafka.connect_seconds
        sender = Sender(lambda: State(config.run.state), make_outlet, patience=patience)
        loop = Loop(state, engine, open_source, sender, stop=stop, archive=config.input.archive, patience=patience)
        with measured(config.metrics.listen, config.run.state, engine, sender):
            loop.run(until_idle)
        return engine.counts


def dead_letters_path(config: Config) -> str:
    """Name the file of dead letters; beside that of the events unless the configuration says otherwise."""
    given = config.output.dead_letters_jsonl
    return given or str(Path(config.output.jsonl or "").with_name("dead-letters.jsonl"))


def _source(config: Config, readers: Readers) -> Input:
    archive = config.input.archive
    if config.input.kafka is None:
        return FolderInput(readers.find, readers.read, os.path.abspath(config.input.folder or ""), archive=archive)
    from pipeline.hosts.embedded.kafka_input import KafkaInput

    return KafkaInput(config.input.kafka, _hasty(config), config.input.topic, archive=archive)


def _hasty(config: Config) -> KafkaConfig:
    """Let each attempt be short: SIGTERM must not wait for it, and this host tries again by itself."""
    return msgspec.structs.replace(config.kafka, connect_seconds=min(3.0, config.kafka.connect_seconds))


def _outlet(config: Config, outbox: Outbox, *, state_id: str, forget_cursor: bool) -> Outlet:
    output = config.output
    if output.kafka is None:
        return JsonlOutlet(output.jsonl or "", dead_letters_path(config), outbox.lengths())
    from pipeline.hosts.embedded.kafka_outlet import KafkaOutlet

    return KafkaOutlet(
        output.kafka,
        _hasty(config),
        {"event": output.topic, "dead-letter": output.dead_letters_topic},
        name=f"wirewatch.{output.source}.{output.topic}",
        state_id=state_id,
        run_id=uuid.uuid4().hex,
        forget_cursor=forget_cursor,
    )
