"""`wirewatch stop`: ends the job on Flink and keeps its state."""

import threading

import click

from pipeline.commands.common import Failure, configured, quiet
from pipeline.config import Config


@click.command()
@click.option(
    "--savepoints",
    metavar="FOLDER",
    help="Where the savepoint goes, as the task managers see it. Default: state.savepoints.dir of the cluster.",
)
@configured
def stop(savepoints: str | None, config: Config) -> None:
    """End the job of engine `flink` with a savepoint, and say where that is.

    `wirewatch run --from SAVEPOINT` goes on from it.
    """
    with quiet():
        from pipeline.hosts.flink.errors import JobFailed
        from pipeline.hosts.flink.job import Job
    try:
        click.echo(Job(config.flink, stop=threading.Event(), say=click.echo).stop(savepoints))
    except JobFailed as error:
        raise Failure(str(error)) from error
