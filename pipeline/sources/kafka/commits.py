"""Positions committed to a consumer group, so that the usual tools can show how far behind a pipeline is.

Nothing reads them back: the engine's checkpoint says where to go on.
"""

import logging
from threading import Lock

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from pipeline.brokers import Connection

_LOG = logging.getLogger(__name__)

_ADMINS: dict[str, KafkaAdminClient] = {}
"""By servers, for the life of the worker: a bundle may be finalized when its DoFn is gone."""
_LOCK = Lock()


def commit(connection: Connection, group: str, partition: TopicPartition, offset: int) -> None:
    """Commit a position; a failure is logged, since it costs nothing but a gap in a graph."""
    servers = connection.servers
    try:
        with _LOCK:
            if servers not in _ADMINS:
                _ADMINS[servers] = KafkaAdminClient(**connection.settings())
            _ADMINS[servers].alter_group_offsets(group, {partition: OffsetAndMetadata(offset, "", -1)})
    except KafkaError as error:
        _LOG.warning("position %s of %s was not committed to group %r: %s", offset, partition, group, error)
