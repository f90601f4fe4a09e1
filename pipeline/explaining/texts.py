"""An explanation for a person, line by line; harmless whatever the articles held. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pipeline.delivery.texts import harmless
from pipeline.explaining.explanation import ExplainedMention, ExplainedStory, NamedStory, RunnerUpStory, Step
from pipeline.records import Role

_LONGEST_TITLE = 300
_LONGEST_NAME = 100


def lines_of(stories: Sequence[ExplainedStory]) -> Iterator[str]:
    """Write explained stories, each beneath the one that it goes on for."""
    for place, story in enumerate(stories):
        if place:
            yield f"\n{stories[place - 1].story_id} goes on as:\n"
        yield from _story(story)


def _story(story: ExplainedStory) -> Iterator[str]:
    yield f"{story.story_id}  {harmless(story.headline, _LONGEST_TITLE)}"
    yield f"{story.status}, language {harmless(story.language, _LONGEST_NAME)}, {_size(story)}"
    if story.num_missing_revisions:
        yield f"{_counted(story.num_missing_revisions, 'event')} of it missing here: this may have gaps"
    yield "\nLife"
    yield from map(_step, story.life)
    yield "\nArticles"
    for number, mention in enumerate(story.mentions, 1):
        yield from _mention(number, mention)
    if not story.mentions:
        yield "  none that was asked for"
    if story.num_mentions_omitted:
        yield f"  and {_counted(story.num_mentions_omitted, 'mention')} that the events had no room for"


def _step(step: Step) -> str:
    if step.other is not None:
        what = "merged into" if step.what == "merged" else step.what
        return f"  {_moment(step.time)}  {what} {_named(step.other)}"
    return f"  {_moment(step.time)}  {step.what:<9}  {_size(step)}"


def _mention(number: int, mention: ExplainedMention) -> Iterator[str]:
    outlet = harmless(mention.outlet or "unknown outlet", _LONGEST_NAME)
    title = harmless(mention.title, _LONGEST_TITLE) or "(no title)"
    late = ", came late" if mention.late else ""
    yield f"  {number}. {outlet}: {title}"
    yield f"     {mention.role}, {_moment(mention.observed_at)}, {harmless(mention.article_id, _LONGEST_TITLE)}{late}"
    if mention.revised_at is not None:
        yield f"     revised {_moment(mention.revised_at)}"
    if mention.role is Role.MOVED and mention.moved_to is not None:
        yield f"     moved to {_named(mention.moved_to)}"
    if mention.came_from is not None:
        yield f"     came from {_named(mention.came_from)}, by a second look"
    yield f"     {_why(mention)}"
    if mention.runner_up is not None:
        yield f"     {_runner_up(mention.runner_up)}"
    elif mention.similarity is not None and mention.role is Role.REPORT and mention.came_from is None:
        yield "     no other story came near"


def _why(mention: ExplainedMention) -> str:
    if mention.role is Role.TAKEDOWN and mention.similarity is None:
        return "taken down by its outlet"
    if mention.similarity is None:
        return "it founded the story: no open story was like enough"
    terms = ", ".join(harmless(term, _LONGEST_NAME) for term in mention.terms)
    measure = "shares of its phrases with what it copies" if mention.role is Role.COPY else "similarity"
    return f"{measure} {mention.similarity:.4f}" + (f", by {terms}" if terms else "")


def _runner_up(second: RunnerUpStory) -> str:
    at = f"runner-up {_named(second.story)} at {second.similarity:.4f}"
    if second.weaker_by is None:
        return at
    if second.weaker_by < 0:
        return f"{at}: nearer by {-second.weaker_by:.4f}, but less like it as a whole"
    return f"{at}: weaker by {second.weaker_by:.4f}"


def _named(story: NamedStory) -> str:
    if story.headline is None:
        return f"{story.story_id} (no event tells of it)"
    return f'{story.story_id} "{harmless(story.headline, _LONGEST_NAME)}"'


def _size(counted: Step | ExplainedStory) -> str:
    copies = _counted(counted.num_copies, "copy", "copies")
    return f"{_counted(counted.num_reports, 'report')}, {copies}, {_counted(counted.num_outlets, 'outlet')}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
