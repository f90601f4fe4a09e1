"""`wirewatch explain`: why each article is in its story."""

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import click

from pipeline.commands.common import Failure

if TYPE_CHECKING:
    from pipeline.records import StoryEvent


@click.command()
@click.argument("story")
@click.option("--events", required=True, type=click.File("rb"), help="File of story events, as `replay` writes it.")
@click.option("--article", metavar="ID", help="Explain this article only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain(story: str, events: IO[bytes], article: str | None, as_json: bool) -> None:
    """Say why each article is in a story, and where a story that merged goes on.

    STORY is its id, or the beginning of it.
    """
    import msgspec

    from pipeline.explaining.explain import Events, NotFound, only
    from pipeline.explaining.texts import lines_of

    known = Events(_read(events))
    try:
        story_id = known.find(story)
        stories = known.explain(story_id)
        if article is not None:
            stories = only(stories, article)
    except NotFound as error:
        raise Failure(f"{events.name!r}: {error}") from error
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"asked": story_id, "stories": stories})))
    else:
        click.echo("\n".join(lines_of(stories)))


def _read(events: IO[bytes]) -> Iterator["StoryEvent"]:
    from pipeline.events import MalformedEvent, event_from

    for number, line in enumerate(events, start=1):
        if line.strip():
            try:
                yield event_from(line)
            except MalformedEvent as error:
                raise Failure(f"{events.name!r}, line {number}: {error}") from error
