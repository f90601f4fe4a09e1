"""The life of a story: when it emerges, grows, is corrected and closes, and the event that says so."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from pipeline.config import StoryConfig
from pipeline.detection.archive import Archive
from pipeline.detection.clock import from_micros
from pipeline.detection.keywords import keywords
from pipeline.detection.micro import MicroCluster
from pipeline.detection.packing import Vector
from pipeline.detection.placing import Placer, shared_terms
from pipeline.detection.pulse import Pulse
from pipeline.detection.sketch import Sketch
from pipeline.detection.story import Story
from pipeline.detection.vectors import dot
from pipeline.records import EventType, Mention, Role, RunnerUp, StoryEvent, StoryStatus

MENTIONS_PER_EVENT = 500
"""Mentions that one event carries at most; a record of the broker is bounded, so an event must be."""

_NEWEST = 64
"""Reports of a story that say how it is called, and what it is about."""


class Lifecycle:
    """Turns changed stories into events."""

    def __init__(self, config: StoryConfig, archive: Archive, placer: Placer) -> None:
        self._config = config
        self._archive = archive
        self._placer = placer

    def settle(
        self, story: Story, *, swell: float = 1.0, withdrawn: Sequence[Mention] = (), corrected: bool = False
    ) -> StoryEvent | None:
        """Tell what a tick made of a story, if it is worth an event.

        Parameters
        ----------
        story
            A story that the tick changed; its revision, rung and untold mentions move on with the event.
        swell
            Multiple that the rate of all reports of the language has swollen to.
        withdrawn
            Mentions it has told that turned out to belong to another story.
        corrected
            Whether a mention was taken down.
        """
        rungs = bisect_right(self._config.growth_ladder, story.num_reports)
        score = self._surge_score(story, swell)
        surges = score >= self._config.surge_score and not story.is_surging
        # It dies down at half the score, so that it is not told again at every tremble.
        story.is_surging = score >= self._config.surge_score / (2 if story.is_surging else 1)
        if not story.has_emerged:
            if self._is_emergent(story):
                story.rung = rungs
                story.pulse = Pulse.begin(story.last_seen)
                return self._tell(story, EventType.EMERGED, story.last_seen, StoryStatus.ACTIVE)
        elif corrected or withdrawn:
            # One event a tick: the surge is told in the next.
            story.is_surging = story.is_surging and not surges
            status = StoryStatus.ACTIVE if story.num_reports else StoryStatus.WITHDRAWN
            return self._tell(story, EventType.CORRECTED, story.last_seen, status, withdrawn, score)
        elif surges or rungs > story.rung:
            story.rung = max(story.rung, rungs)
            kind = EventType.SURGED if surges else EventType.GREW
            return self._tell(story, kind, story.last_seen, StoryStatus.ACTIVE, surge_score=score)
        return None

    def _surge_score(self, story: Story, swell: float) -> float:
        if story.pulse is None or not story.pulse.is_settled:
            return 0.0
        return story.pulse.surge(swell, self._config.surge_noise)

    def close(self, story: Story, moment: int) -> StoryEvent | None:
        """Tell that a story closes; a story that never emerged goes silently."""
        return self._tell(story, EventType.CLOSED, moment, StoryStatus.CLOSED) if story.has_emerged else None

    def merge(self, story: Story, heir: Story) -> StoryEvent | None:
        """Tell that a story goes on as another; a story that never emerged goes silently."""
        if not story.has_emerged:
            return None
        story.revision += 1
        return StoryEvent(
            type=EventType.MERGED,
            story_id=story.id,
            revision=story.revision,
            time=from_micros(max(heir.last_seen, story.told_at)),
            status=StoryStatus.MERGED,
            headline=story.headline,
            keywords=self._keywords(heir, heir.centre(), self._newest(heir)),
            language=story.language,
            num_reports=0,
            num_copies=0,
            num_outlets=0,
            first_seen=from_micros(heir.first_seen),
            last_seen=from_micros(heir.last_seen),
            velocity_per_hour=0.0,
            merged_into=heir.id,
        )

    def retold(self, micro: MicroCluster) -> list[Mention]:
        """Make the mentions of a micro-cluster anew, as far as its articles are live: another story is to tell them."""
        return [self._mention(sketch, role, micro) for sketch, role in self._current(micro.members)]

    def _current(self, numbers: Iterable[int]) -> Iterator[tuple[Sketch, Role]]:
        """Go through those of some articles that are live, neither revised nor taken down, each with its role."""
        for number in numbers:
            kept = self._archive.get(number)
            sketch = kept and kept.sketch()
            if kept and sketch and self._archive.is_current(sketch.article_id, kept):
                yield sketch, kept.role

    def _mention(self, sketch: Sketch, role: Role, micro: MicroCluster) -> Mention:
        vector = self._placer.vector(sketch)
        return mention_of(sketch, role, micro.cosine(vector), shared_terms(sketch, vector, micro))

    def _is_emergent(self, story: Story) -> bool:
        return story.num_reports >= self._config.emerge_reports and story.num_outlets >= self._config.emerge_outlets

    def _tell(
        self,
        story: Story,
        kind: EventType,
        moment: int,
        status: StoryStatus,
        withdrawn: Sequence[Mention] = (),
        surge_score: float = 0.0,
    ) -> StoryEvent:
        story.revision += 1
        story.told_at = moment = max(moment, story.told_at)
        centre = story.centre()
        newest = self._newest(story)
        story.headline = self._headline(story, centre, newest)
        story.keywords = self._keywords(story, centre, newest)
        untold, num_omitted = story.take_untold()
        mentions = *withdrawn, *untold
        return StoryEvent(
            type=kind,
            story_id=story.id,
            revision=story.revision,
            time=from_micros(moment),
            status=status,
            headline=story.headline,
            keywords=story.keywords,
            language=story.language,
            num_reports=story.num_reports,
            num_copies=story.num_copies,
            num_outlets=story.num_outlets,
            first_seen=from_micros(story.first_seen),
            last_seen=from_micros(story.last_seen),
            velocity_per_hour=float(story.num_recent),
            surge_score=surge_score,
            mentions=mentions[:MENTIONS_PER_EVENT],
            num_mentions_omitted=num_omitted + len(mentions[MENTIONS_PER_EVENT:]),
        )

    def _headline(self, story: Story, centre: Vector, newest: Sequence[Sketch]) -> str:
        """Take the title of the report nearest to the story's centre; keep the last one when all reports are gone."""
        likeness = [dot(self._placer.vector(sketch), centre) for sketch in newest]
        # Of equals the oldest, which is the last.
        return newest[len(newest) - 1 - int(np.argmax(likeness[::-1]))].title if newest else story.headline

    def _keywords(self, story: Story, centre: Vector, newest: Sequence[Sketch]) -> tuple[str, ...]:
        """Say what a story is about; keep what was said when all reports are gone."""
        return keywords(centre, newest) if newest else story.keywords

    def _newest(self, story: Story) -> list[Sketch]:
        """List the newest reports of a story, from new to old, as far as they are live."""
        numbers = sorted((number for micro in story.micros.values() for number in micro.members), reverse=True)
        reports = (sketch for sketch, role in self._current(numbers) if role is Role.REPORT)
        return list(islice(reports, _NEWEST))


def mention_of(
    sketch: Sketch,
    role: Role,
    similarity: float | None,
    terms: tuple[str, ...],
    *,
    runner_up: RunnerUp | None = None,
    late: bool = False,
) -> Mention:
    """Make the mention of an article."""
    return Mention(
        article_id=sketch.article_id,
        role=role,
        observed_at=from_micros(sketch.observed_at),
        title=sketch.title,
        outlet=sketch.outlet,
        url=sketch.url,
        similarity=similarity,
        terms=terms,
        runner_up=runner_up,
        late=late,
    )


def withdrawn(micro: MicroCluster, retold: Sequence[Mention], moved_to: str) -> list[Mention]:
    """Make the mentions that a story withdraws when a micro-cluster, whose mentions are made anew, leaves it."""
    mentions = [mention for _, mention in micro.untold]
    untold = {mention.article_id for mention in mentions if mention.role in (Role.REPORT, Role.COPY)}
    told = [mention for mention in retold if mention.article_id not in untold]
    taken_down = [mention for mention in mentions if mention.role is Role.TAKEDOWN]
    return [*taken_down, *(replace(mention, role=Role.MOVED, moved_to=moved_to) for mention in told)]
