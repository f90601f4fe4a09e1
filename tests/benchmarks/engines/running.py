"""The endless engines, each on articles that wait for it, until the block ends."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from pipeline.records import Article
from tests.flink.cluster import Cluster
from tests.flink.jobs import FlinkJob
from tests.kafka.broker import Broker
from tests.kafka.running import Job, ended, publish

PARTITIONS = 4
"""Of every topic of articles."""
NUM_FIRST = 300
"""Articles that an engine starts with."""
START_SECONDS = 300.0
"""How long an engine may take to its first event."""
NO_BOUND = "max_out_of_orderness_seconds = 0"


class Topics(NamedTuple):
    """Where a running engine reads, and where it tells."""

    articles: str
    events: str


Engine = Callable[[Path, str, str, Sequence[Article]], AbstractContextManager[Topics]]
"""Runs an engine in a folder, with a mode of input and further configuration, on articles that wait for it."""


@contextmanager
def embedded(broker: Broker, folder: Path, mode: str, more: str, first: Sequence[Article]) -> Iterator[Topics]:
    job = Job(broker, folder, partitions=PARTITIONS, live=mode, more=more)
    publish(broker, job.articles, first)
    process = job.start()
    try:
        yield Topics(job.articles, job.events)
    finally:
        ended(process)


@contextmanager
def flink(
    broker: Broker, cluster: Cluster, parallelism: int, folder: Path, mode: str, more: str, first: Sequence[Article]
) -> Iterator[Topics]:
    job = FlinkJob(cluster, broker, folder, partitions=PARTITIONS, parallelism=parallelism, mode=mode, more=more)
    publish(broker, job.articles, first)
    job.start()
    try:
        yield Topics(job.articles, job.events)
    finally:
        job.end()
        while job.flink.running(job.name):
            time.sleep(0.5)


def folder_for(parent: Path, name: str) -> Path:
    folder = parent / name.replace(" ", "-")
    folder.mkdir()
    return folder
