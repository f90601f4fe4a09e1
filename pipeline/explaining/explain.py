"""Why each article is in its story: events in, explanation out. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from pipeline.explaining.explanation import ExplainedMention, ExplainedStory, NamedStory, RunnerUpStory, Step
from pipeline.records import Mention, Role, StoryEvent

_MOST_NAMED = 5
_GONE = (Role.TAKEDOWN, Role.MOVED)


class NotFound(LookupError):
    """No story or article is meant, or more than one; the message names those that may be."""


class Events:
    """Story events, found by their story.

    Parameters
    ----------
    events
        In any order; those that come twice count once.
    """

    def __init__(self, events: Iterable[StoryEvent]) -> None:
        by_id = {event.id: event for event in events}
        self._told: dict[str, list[StoryEvent]] = {}
        for event in sorted(by_id.values(), key=lambda event: event.revision):
            self._told.setdefault(event.story_id, []).append(event)
        self._merged = [told[-1] for told in self._told.values() if told[-1].merged_into]
        self._origins = self._find_origins()

    def find(self, prefix: str) -> str:
        """Give the id of the story whose id begins so.

        Raises
        ------
        NotFound
            If there is none, or more than one.
        """
        found = sorted(story_id for story_id in self._told if story_id.startswith(prefix.lower()))
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(found[:_MOST_NAMED])
            raise NotFound(f"{len(found)} stories begin with {prefix!r}, such as {some}: write more of the id")
        raise NotFound(f"no event tells of a story {prefix!r}{_nearest(prefix.lower(), self._told)}")

    def explain(self, story_id: str) -> list[ExplainedStory]:
        """Explain a story, and after it those that it went on as."""
        explained: dict[str, ExplainedStory] = {}
        following: str | None = story_id
        # Honest streams have no ring of merges, but this one came from anywhere.
        while following in self._told and following not in explained:
            explained[following] = self._story(following)
            following = self._told[following][-1].merged_into
        return list(explained.values())

    def _story(self, story_id: str) -> ExplainedStory:
        told = self._told[story_id]
        newest = told[-1]
        return ExplainedStory(
            story_id=story_id,
            headline=newest.headline,
            language=newest.language,
            status=newest.status,
            num_reports=newest.num_reports,
            num_copies=newest.num_copies,
            num_outlets=newest.num_outlets,
            life=tuple(self._life(story_id)),
            num_missing_revisions=newest.revision - len(told),
            num_mentions_omitted=sum(event.num_mentions_omitted for event in told),
            mentions=tuple(self._mention(story_id, mentions) for mentions in _by_article(told).values()),
        )

    def _life(self, story_id: str) -> list[Step]:
        steps = [
            _step(event, event.type.name.lower(), self._named(event.merged_into)) for event in self._told[story_id]
        ]
        taken_over = [event for event in self._merged if event.merged_into == story_id]
        steps += [_step(event, "merged from", self._named(event.story_id)) for event in taken_over]
        return sorted(steps, key=lambda step: step.time)

    def _mention(self, story_id: str, mentions: Sequence[Mention]) -> ExplainedMention:
        placed = [mention for mention in mentions if mention.role in (Role.REPORT, Role.COPY)]
        # What placed it says why it is there; what came last says whether it still is.
        why, last = (placed or mentions)[-1], mentions[-1]
        revisions = [mention.observed_at for mention in mentions if mention.role is Role.REVISION]
        content = next((mention for mention in reversed(mentions) if mention.title), why)
        return ExplainedMention(
            article_id=why.article_id,
            role=last.role if last.role in _GONE else why.role,
            outlet=content.outlet,
            title=content.title,
            observed_at=why.observed_at,
            similarity=why.similarity,
            terms=why.terms,
            runner_up=self._runner_up(why),
            late=why.late,
            revised_at=max(revisions, default=None),
            came_from=self._named(self._origins.get((why.article_id, story_id))),
            moved_to=self._named(last.moved_to),
        )

    def _runner_up(self, mention: Mention) -> RunnerUpStory | None:
        if mention.runner_up is None:
            return None
        story = self._named(mention.runner_up.story_id)
        assert story is not None
        similarity = mention.runner_up.similarity
        weaker_by = None if mention.similarity is None else round(mention.similarity - similarity, 4)
        return RunnerUpStory(story, similarity, weaker_by)

    def _find_origins(self) -> dict[tuple[str, str | None], str]:
        """Find which story let an article go to which, or took it along when it merged; the last time counts."""
        gone = [
            (event.order, mention.article_id, mention.moved_to, event.story_id)
            for told in self._told.values()
            for event in told
            for mention in event.mentions
            if mention.role is Role.MOVED
        ]
        gone += [
            (event.order, article_id, event.merged_into, event.story_id)
            for event in self._merged
            for article_id, mentions in _by_article(self._told[event.story_id]).items()
            if mentions[-1].role not in _GONE
        ]
        return {(article_id, home): story_id for _, article_id, home, story_id in sorted(gone)}

    def _named(self, story_id: str | None) -> NamedStory | None:
        if story_id is None:
            return None
        told = self._told.get(story_id)
        return NamedStory(story_id, told[-1].headline if told else None)


def _by_article(told: Sequence[StoryEvent]) -> dict[str, list[Mention]]:
    found: dict[str, list[Mention]] = {}
    for event in told:
        for mention in event.mentions:
            found.setdefault(mention.article_id, []).append(mention)
    return found


def _step(event: StoryEvent, what: str, other: NamedStory | None) -> Step:
    return Step(event.time, what, event.num_reports, event.num_copies, event.num_outlets, other)


def _nearest(given: str, known: Iterable[str]) -> str:
    """Name the ids that resemble a given one most."""
    near = get_close_matches(given, known, _MOST_NAMED, cutoff=0.0)
    return f"; the nearest ids are {', '.join(near)}" if near else ""


def only(stories: Sequence[ExplainedStory], article_id: str) -> list[ExplainedStory]:
    """Leave one article of explained stories.

    Raises
    ------
    NotFound
        If none of them has it.
    """
    kept = [
        replace(story, mentions=tuple(mention for mention in story.mentions if mention.article_id == article_id))
        for story in stories
    ]
    if not any(story.mentions for story in kept):
        known = [mention.article_id for story in stories for mention in story.mentions]
        raise NotFound(
            f"no event of {stories[0].story_id} tells of an article {article_id!r}{_nearest(article_id, known)}"
        )
    return kept
