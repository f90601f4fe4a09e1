"""The command line: from arguments to a command. What a command needs it imports when it runs: Beam, extractors and
word lists take a second.
"""

import gc
import sys

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

NEW_OBJECTS = 50_000
"""Between two looks of the garbage collector: detection leaves no cycles behind, and by default a twelfth of its time
would go into looking for some."""


def main() -> None:
    """Run the command line; what stands behind ``--`` goes to the Beam runner untouched."""
    gc.set_threshold(NEW_OBJECTS)
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
