"""What must be known of the topics before anything is sent to them."""

from typing import NamedTuple

from kafka.admin import ConfigResource, KafkaAdminClient

from pipeline.brokers import BrokerError, connect, explained
from pipeline.config import Config
from pipeline.hosts.publish.delivery import Topics


class FoundTopics(NamedTuple):
    """The topics that records go to, and the id of the topic of articles."""

    topics: Topics
    articles_id: str


def find_topics(config: Config, servers: str) -> FoundTopics:
    """Look the topics up.

    Raises
    ------
    BrokerError
        If the broker cannot be used, or does not have them.
    """
    articles, dead_letters = config.input.topic, config.output.dead_letters_topic
    admin = connect(KafkaAdminClient, servers, config.kafka)
    try:
        with explained(servers, config.kafka):
            missing = {articles, dead_letters} - set(admin.list_topics())
            if missing:
                names = " and ".join(repr(name) for name in sorted(missing))
                raise BrokerError(
                    f"the broker at {servers!r} has no topic {names}: make it with `wirewatch topics create --config "
                    "FILE`, or mend topic in [input] and dead_letters_topic in [output]"
                )
            topic_id = str(admin.describe_topics([articles])[0]["topic_id"])
            resource = ConfigResource("TOPIC", articles, configs=["max.message.bytes"])
            described = admin.describe_configs([resource], config_filter="all")
            most_bytes = int(described["topic"][articles]["max.message.bytes"]["value"])
    finally:
        admin.close()
    return FoundTopics(Topics(articles, dead_letters, most_bytes), topic_id)
