"""`wirewatch topics create`: the topics as the configuration wants them."""

from typing import Any

import click

from pipeline.commands.common import Failure, configured
from pipeline.config import Config

DEAD_LETTER_ROOM_BYTES = 65_536
"""What a dead letter's headers may add to the record that it holds."""


@click.group()
def topics() -> None:
    """Make the topics of Kafka."""


@topics.command()
@configured
def create(config: Config) -> None:
    """Make the topics that are not there; one that differs from the configuration is named and left as it is."""
    from kafka.admin import KafkaAdminClient

    from pipeline.brokers import BrokerError, connect, explained

    differences: list[str] = []
    try:
        for servers, wanted in _wanted(config).items():
            admin = connect(KafkaAdminClient, servers, config.kafka)
            try:
                with explained(servers, config.kafka):
                    for name, settings in wanted.items():
                        differences += _ensure(admin, name, settings, config)
            finally:
                admin.close()
    except BrokerError as error:
        raise Failure(str(error)) from error
    if differences:
        raise Failure(
            "nothing that exists was changed, but it differs from [topics]: "
            + "; ".join(differences)
            + ". Change the topic with kafka-configs or kafka-topics, or the configuration"
        )


def topic_settings(config: Config) -> dict[str, str]:
    """Give the settings of the topics of articles and events, as Kafka names them.

    The broker stamps the records, so that retention counts from their arrival whatever the publishers' clocks say.
    """
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": str(round(config.topics.retention_hours * 3_600_000)),
        "max.message.bytes": str(config.topics.max_message_bytes),
        "message.timestamp.type": "LogAppendTime",
    }
    if config.topics.replication >= 3:
        settings["min.insync.replicas"] = "2"  # with acks=all: what was acknowledged survives the loss of a broker
    return settings


def _wanted(config: Config) -> dict[str, dict[str, dict[str, str]]]:
    """Name the topics and their settings, by bootstrap servers: input and output may be different brokers."""
    if not (config.input.kafka or config.output.kafka):
        raise click.UsageError("there is no broker: give kafka in [input] or [output]")
    horizon = config.detection.time.horizon_hours
    if config.topics.retention_hours < horizon:
        raise click.UsageError(
            f"topics.retention_hours is {config.topics.retention_hours}, but must cover detection.time.horizon_hours, "
            f"{horizon}: raise the one or lower the other"
        )
    settings = topic_settings(config)
    dead_letters = settings | {"max.message.bytes": str(config.topics.max_message_bytes + DEAD_LETTER_ROOM_BYTES)}
    wanted: dict[str, dict[str, dict[str, str]]] = {}
    if config.input.kafka:
        at_input = wanted.setdefault(config.input.kafka, {})
        at_input[config.input.topic] = settings
        at_input[config.output.dead_letters_topic] = dead_letters
    if config.output.kafka:
        at_output = wanted.setdefault(config.output.kafka, {})
        at_output[config.output.topic] = settings
        at_output[config.output.dead_letters_topic] = dead_letters
    return wanted


def _ensure(admin: Any, name: str, settings: dict[str, str], config: Config) -> list[str]:
    """Make one topic if it is not there; gives how one that is there differs."""
    from kafka.admin import NewTopic
    from kafka.errors import TopicAlreadyExistsError

    topic = NewTopic(name, config.topics.partitions, config.topics.replication, topic_configs=settings)
    try:
        admin.create_topics([topic])
    except TopicAlreadyExistsError:
        differences = _differences(admin, name, settings, config.topics.partitions)
        if not differences:
            click.echo(f"{name}: is there, as configured")
        return differences
    click.echo(f"{name}: created with {config.topics.partitions} partitions, {_listed(settings)}")
    return []


def _differences(admin: Any, name: str, settings: dict[str, str], partitions: int) -> list[str]:
    from kafka.admin import ConfigResource

    wanted = {"partitions": str(partitions), **settings}
    resource = ConfigResource("TOPIC", name, configs=list(settings))
    described = admin.describe_configs([resource], config_filter="all")["topic"][name]
    found = {key: entry["value"] for key, entry in described.items()}
    found["partitions"] = str(len(admin.describe_topics([name])[0]["partitions"]))
    return [
        f"{name} has {key} {found.get(key)} where {value} is configured"
        for key, value in wanted.items()
        if found.get(key) != value
    ]


def _listed(settings: dict[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items())
