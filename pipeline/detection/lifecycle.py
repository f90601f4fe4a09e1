"""The life of a story: when it emerges, grows, is corrected and closes, and the event that says so."""

from collections.abc import Iterator

from pipeline.config import StoryConfig
from pipeline.detection.archive import Archive
from pipeline.detection.clock import from_micros
from pipeline.detection.placing import Placer
from pipeline.detection.story import Story
from pipeline.records import EventType, StoryEvent, StoryStatus

_KEYWORDS_TOLD = 10


class Lifecycle:
    """Turns changed stories into events."""

    def __init__(self, config: StoryConfig, archive: Archive, placer: Placer) -> None:
        self._config = config
        self._archive = archive
        self._placer = placer

    def settle(self, story: Story, *, corrected: bool) -> StoryEvent | None:
        """Tell what a tick made of a story, if it is worth an event.

        Parameters
        ----------
        story
            A story that the tick changed; its revision, rung and untold mentions move on with the event.
        corrected
            Whether a mention was withdrawn.
        """
        rungs = sum(rung <= story.num_reports for rung in self._config.growth_ladder)
        if not story.has_emerged:
            if self._is_emergent(story):
                story.rung = rungs
                return self._tell(story, EventType.EMERGED, story.last_seen, StoryStatus.ACTIVE)
        elif corrected:
            status = StoryStatus.ACTIVE if story.num_reports else StoryStatus.WITHDRAWN
            return self._tell(story, EventType.CORRECTED, story.last_seen, status)
        elif rungs > story.rung:
            story.rung = rungs
            return self._tell(story, EventType.GREW, story.last_seen, StoryStatus.ACTIVE)
        return None

    def close(self, story: Story, moment: int) -> StoryEvent | None:
        """Tell that a story closes; a story that never emerged goes silently."""
        return self._tell(story, EventType.CLOSED, moment, StoryStatus.CLOSED) if story.has_emerged else None

    def _is_emergent(self, story: Story) -> bool:
        return story.num_reports >= self._config.emerge_reports and story.num_outlets >= self._config.emerge_outlets

    def _tell(self, story: Story, kind: EventType, moment: int, status: StoryStatus) -> StoryEvent:
        story.revision += 1
        story.headline = self._headline(story)
        event = StoryEvent(
            type=kind,
            story_id=story.id,
            revision=story.revision,
            time=from_micros(moment),
            status=status,
            headline=story.headline,
            keywords=_keywords(story),
            language=story.language,
            num_reports=story.num_reports,
            num_copies=story.num_copies,
            num_outlets=story.num_outlets,
            first_seen=from_micros(story.first_seen),
            last_seen=from_micros(story.last_seen),
            velocity_per_hour=float(len(story.recent)),
            mentions=tuple(story.untold),
            num_mentions_omitted=story.num_omitted,
        )
        story.untold, story.num_omitted = [], 0
        return event

    def _headline(self, story: Story) -> str:
        """Take the title of the report nearest to the story's centre; keep the last one when all reports are gone."""
        best = None
        for number, title, score in self._central(story):
            if best is None or (-score, number) < best[0]:
                best = (-score, number), title
        return best[1] if best else story.headline

    def _central(self, story: Story) -> Iterator[tuple[int, str, float]]:
        for number in story.reports:
            kept = self._archive.get(number)
            sketch = kept.sketch() if kept else None
            # What was revised or taken down is no longer found under its id.
            if sketch is not None and self._archive.by_id(sketch.article_id) is kept:
                yield number, sketch.title, story.score(self._placer.vector(sketch))


def _keywords(story: Story) -> tuple[str, ...]:
    heaviest = sorted(story.centre.items(), key=lambda item: (-item[1], item[0]))[:_KEYWORDS_TOLD]
    return tuple(story.forms[stem] for stem, weight in heaviest if weight > 0.0)
