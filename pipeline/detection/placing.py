"""Placing: what an article is, and which story it belongs to. Decides; changes nothing."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from pipeline.config import StoryConfig
from pipeline.detection.archive import Archive
from pipeline.detection.hashing import short_digest
from pipeline.detection.idf import StreamIdf
from pipeline.detection.sketch import Sketch
from pipeline.detection.story import Story, Vector, unit
from pipeline.records import Role, RunnerUp

_TERMS_TOLD = 8


class Placement(msgspec.Struct, frozen=True, array_like=True):
    """The decision on one article; recorded, so that a rebuild repeats it whatever the program has become since."""

    role: Role
    story_id: str | None
    """None only for a takedown of what is not known."""
    kept_as: Role | None = None
    """Report or copy, if the article is remembered: a revision is what it revises."""
    similarity: float | None = None
    terms: tuple[str, ...] = ()
    runner_up: RunnerUp | None = None


class _Scored(NamedTuple):
    score: float
    story: Story


class Placer:
    """Decides on articles, given what is known so far."""

    def __init__(self, config: StoryConfig, archive: Archive, stories: Mapping[str, Story], idf: StreamIdf) -> None:
        self._config = config
        self._archive = archive
        self._stories = stories
        self._idf = idf
        self._latest: tuple[Sketch, int, Vector] | None = None

    def place(self, sketch: Sketch, *, late: bool = False) -> Placement:
        """Decide on one article: known ids first, then copies, then the best story, else a story of its own."""
        known = self._archive.by_id(sketch.article_id)
        if sketch.deleted:
            return Placement(Role.TAKEDOWN, known.story_id if known else None)
        if known:
            if known.sketch().digest == sketch.digest:
                return Placement(Role.REPEAT, known.story_id)
            return Placement(Role.REVISION, known.story_id, kept_as=known.role)
        copied = self._archive.copied(sketch)
        if copied is not None and copied[1].story_id in self._stories:
            return Placement(Role.COPY, copied[1].story_id, kept_as=Role.COPY, similarity=copied[0])
        return self._place_report(sketch, late=late)

    def vector(self, sketch: Sketch) -> Vector:
        """Weigh an article's terms as the stream stands now, and scale them to length 1."""
        latest = self._latest
        # An article is placed and then admitted: its vector is worked out once.
        if latest is None or latest[0] is not sketch or latest[1] != self._idf.num_changes:
            stems = sketch.stems
            idf = self._idf.of(stems, sketch.terms.backgrounds) ** self._config.idf_exponent
            vector = unit(stems, (idf * sketch.terms.weights).tolist())
            self._latest = latest = sketch, self._idf.num_changes, vector
        return latest[2]

    def _place_report(self, sketch: Sketch, *, late: bool) -> Placement:
        vector = self.vector(sketch)
        ranked = self._rank(sketch, vector)
        best = ranked[0] if ranked else None
        second = ranked[1] if len(ranked) > 1 else None
        if best is None or best.score < self._config.threshold:
            story_id = self._new_story_id(sketch, late=late)
            return Placement(Role.REPORT, story_id, kept_as=Role.REPORT, runner_up=_runner_up(best))
        matches = best.story.matches(vector)[:_TERMS_TOLD]
        return Placement(
            Role.REPORT,
            best.story.id,
            kept_as=Role.REPORT,
            similarity=best.score,
            terms=tuple(best.story.forms[stem] for _, stem in matches),
            runner_up=_runner_up(second),
        )

    def _rank(self, sketch: Sketch, vector: Vector) -> list[_Scored]:
        """Score the stories of all candidates, the best first; of equals the older."""
        story_ids = {kept.story_id for kept in self._archive.resembling(sketch)}
        stories = (self._stories[story_id] for story_id in sorted(story_ids) if story_id in self._stories)
        scored = [_Scored(story.score(vector), story) for story in stories]
        return sorted(scored, key=lambda item: (-item.score, item.story.first_seen, item.story.id))

    def _new_story_id(self, sketch: Sketch, *, late: bool) -> str:
        parts = ["story", sketch.language, sketch.article_id, str(sketch.observed_at)]
        # Only a late article can come twice, after its story is over: no id is given out again.
        return short_digest(*parts, str(self._archive.next_number)) if late else short_digest(*parts)


def _runner_up(scored: _Scored | None) -> RunnerUp | None:
    return RunnerUp(scored.story.id, scored.score) if scored else None
