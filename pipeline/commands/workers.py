"""`wirewatch workers`: what runs our Python for Flink's task managers."""

import click

from pipeline.commands.common import Failure, quiet, stop_on_signals, tell_if_slow


@click.command()
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=50000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--state-cache-mb",
    default=256,
    show_default=True,
    type=click.IntRange(0),
    help="What each worker may keep of its state in memory. 0 makes it ask the task manager for every read.",
)
def workers(bind: str, port: int, state_cache_mb: int) -> None:
    """Start Python workers for the task managers that ask for them, until SIGTERM.

    Whoever reaches the port can run programs here: bind it to loopback, beside the task manager.
    """
    stop = stop_on_signals()
    with quiet():
        from pipeline.hosts.flink.pool import serve_workers
    tell_if_slow()
    try:
        serve_workers(bind, port, state_cache_mb, stop)
    except OSError as error:
        raise Failure(f"{error}; give another --port or --bind") from error
