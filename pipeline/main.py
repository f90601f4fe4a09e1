"""The command line: from arguments to a command. What a command needs it imports when it runs: Beam, extractors and
word lists take a second.
"""

import ctypes
import gc
import sys
from contextlib import suppress

import click

from pipeline.commands.dead_letters import dead_letters
from pipeline.commands.deliver import deliver
from pipeline.commands.evaluate import evaluate
from pipeline.commands.explain import explain
from pipeline.commands.publish import publish
from pipeline.commands.replay import replay
from pipeline.commands.run import run
from pipeline.commands.serve import serve
from pipeline.commands.stop import stop
from pipeline.commands.store import store
from pipeline.commands.topics import topics
from pipeline.commands.workers import workers

_NEW_OBJECTS = 50_000
"""Between two looks of the garbage collector: detection leaves no cycles behind, and by default a twelfth of its time
would go into looking for some."""
_M_MMAP_THRESHOLD = -3
_LARGE = 1 << 18
"""Bytes from which the C library asks the system for memory, and gives it back. It would raise that to 32 MB by itself,
and what grew in between leaves holes: 2 % of a process that has run for days."""


def settle_memory() -> None:
    """Set up garbage collector and allocator for a process that may run for months."""
    gc.set_threshold(_NEW_OBJECTS)
    with suppress(OSError, AttributeError):  # of glibc alone
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def main() -> None:
    """Run the command line; what stands behind ``--`` goes to the Beam runner untouched."""
    settle_memory()
    arguments = sys.argv[1:]
    runner_arguments: list[str] = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, runner_arguments = arguments[:cut], arguments[cut + 1 :]
    cli.main(args=arguments, prog_name="wirewatch", obj=runner_arguments)


@click.group()
@click.version_option(package_name="wirewatch")
def cli() -> None:
    """Wirewatch reads the news and says which stories are emerging and how they grow."""


cli.add_command(replay)
cli.add_command(evaluate)
cli.add_command(explain)
cli.add_command(dead_letters)
cli.add_command(topics)
cli.add_command(publish)
cli.add_command(run)
cli.add_command(deliver)
cli.add_command(store)
cli.add_command(serve)
cli.add_command(stop)
cli.add_command(workers)

if __name__ == "__main__":
    main()
