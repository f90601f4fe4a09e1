"""Hands the graph to Beam's job server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState

from pipeline.config import FlinkConfig
from pipeline.hosts.flink.errors import JobFailed

_KNOCK_SECONDS = 5
_MAX_PARALLELISM = 128
"""Part of what a savepoint can be restored to; never change it."""


def submit(graph: beam.PTransform, config: FlinkConfig, *, savepoint: str | None) -> None:
    """Start a job; returns when the job server has taken it, which is before Flink has.

    Raises
    ------
    JobFailed
        If there is no job server, or it refuses the graph.
    """
    _knock(config.job_server)
    pipeline = beam.Pipeline(options=PipelineOptions(_options(config, savepoint)))
    _ = pipeline | "Follow" >> graph
    with _explained(config):
        result = pipeline.run()
        if result.state == PipelineState.FAILED:
            result.wait_until_finish()


def _options(config: FlinkConfig, savepoint: str | None) -> list[str]:
    options = {
        "runner": "PortableRunner",
        "job_endpoint": config.job_server,
        "job_name": config.name,
        "environment_type": "EXTERNAL",
        "environment_config": config.workers,
        "parallelism": config.parallelism,
        "max_parallelism": _MAX_PARALLELISM,
        "checkpointing_interval": round(config.checkpoint_seconds * 1000),
        "max_bundle_time_mills": round(config.bundle_seconds * 1000),
    }
    # The last one switches chaining off, which is on by default: Flink names a part that has no name of its own by what
    # is chained to it, and that changes with the parallelism. State could then not be found again.
    flags = ["streaming", "finish_bundle_before_checkpointing", "operator_chaining"]
    if savepoint is not None:
        options["savepoint_path"] = savepoint
    return [f"--{name}={value}" for name, value in options.items()] + [f"--{flag}" for flag in flags]


def _knock(address: str) -> None:
    """Fail at once where Beam would try for five minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        raise JobFailed(
            f"no job server answers at {address} ({error}): start it, or mend job_server in [flink]"
        ) from error


@contextmanager
def _explained(config: FlinkConfig) -> Iterator[None]:
    try:
        yield
    except (grpc.RpcError, grpc.FutureTimeoutError, RuntimeError) as error:
        raise JobFailed(f"the job server at {config.job_server} did not take the job: {error}; see its log") from error
