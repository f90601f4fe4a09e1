"""Placing: what an article is, and which story it belongs to. Decides; changes nothing."""

from collections.abc import Sequence
from itertools import islice
from operator import attrgetter, neg
from typing import NamedTuple

import msgspec

from pipeline.config import DetectionConfig
from pipeline.detection.archive import Archive, Kept
from pipeline.detection.furniture import Furniture
from pipeline.detection.grouping import Linkage
from pipeline.detection.hashing import short_digest
from pipeline.detection.idf import StreamIdf
from pipeline.detection.kernels import kernels
from pipeline.detection.micro import Group, MicroCluster, cosines
from pipeline.detection.packing import Vector, num_terms
from pipeline.detection.sketch import Sketch
from pipeline.detection.stories import Stories
from pipeline.detection.story import Story, sums_of_cosines
from pipeline.detection.vectors import dot
from pipeline.records import Role, RunnerUp

_TERMS_TOLD = 8
_MOST_STORIES = 8
"""Stories that are weighed against each other: those of the nearest micro-clusters."""
_CROWD = 5
_MOST_MICROS = 32
"""Micro-clusters of a story; beyond it a report joins the nearest, so that the cost of an article stays bounded."""


class Placement(msgspec.Struct, frozen=True, array_like=True):
    """The decision on one article; recorded, so that a rebuild repeats it whatever the program has become since."""

    role: Role
    story_id: str | None
    """None only for a takedown of what is not known."""
    micro_id: str | None = None
    """The micro-cluster within the story; it may go over to another story, the article stays in it."""
    kept_as: Role | None = None
    """Report or copy, if the article is remembered: a revision is what it revises."""
    similarity: float | None = None
    """Cosine to the nearest micro-cluster of the story; estimated Jaccard similarity for a copy."""
    terms: tuple[str, ...] = ()
    runner_up: RunnerUp | None = None
    neighbour: str | None = None
    """The nearest micro-cluster of another story."""
    crowding: float = 0.0
    """Likeness to the fifth story in the order of likeness: in a crowd of look-alikes, being like one says little."""


class _Near(NamedTuple):
    """The micro-cluster of a story that is nearest to an article. They sort by nearness, of equals the older first."""

    distance: float
    """The cosine, turned round."""
    micro: MicroCluster
    story: Story

    @property
    def cosine(self) -> float:
        return -self.distance


class _Liked(NamedTuple):
    likeness: float
    story: Story


_likeness = attrgetter("likeness")


class Placer:
    """Decides on articles, given what is known so far."""

    def __init__(
        self,
        config: DetectionConfig,
        linkage: Linkage,
        archive: Archive,
        stories: Stories,
        idf: StreamIdf,
        furniture: Furniture,
    ) -> None:
        self._config = config.stories
        self._least_copy_cosine = config.copies.least_cosine
        self._linkage = linkage
        self._archive = archive
        self._stories = stories
        self._idf = idf
        self._furniture = furniture
        self._latest: tuple[Sketch, int, Vector] | None = None

    def place(self, sketch: Sketch, *, late: bool = False) -> Placement:
        """Decide on one article: known ids first, then copies, then the best story, else a story of its own."""
        known = self._archive.by_id(sketch.article_id)
        if sketch.deleted:
            return self._as_known(Role.TAKEDOWN, known) if known else Placement(Role.TAKEDOWN, None)
        if known:
            is_repeat = known.sketch().digest == sketch.digest
            return self._as_known(Role.REPEAT, known) if is_repeat else self._as_known(Role.REVISION, known, known.role)
        copied = self._archive.copied(sketch)
        if copied is not None and self._is_copy(sketch, copied[1]):
            return self._as_known(Role.COPY, copied[1], Role.COPY, similarity=copied[0])
        return self._place_report(sketch, late=late)

    def _is_copy(self, sketch: Sketch, kept: Kept) -> bool:
        """Whether two articles alike in their wording are so in what they say, and the story is still open.

        Notes from one template differ in names and numbers only, and a page's furniture can outweigh its text.
        """
        if self._stories.of(kept.micro_id) is None:
            return False
        cosine = dot(self.vector(kept.sketch()), self.vector(sketch))
        return cosine >= self._least_copy_cosine

    def vector(self, sketch: Sketch) -> Vector:
        """Weigh an article's terms as the stream stands now, and scale them to length 1."""
        latest = self._latest
        # An article is placed and then admitted: its vector is worked out once.
        if latest is None or latest[0] is not sketch or latest[1] != self._idf.num_changes:
            vector = self._idf.vector(sketch, self._furniture)
            self._latest = latest = sketch, self._idf.num_changes, vector
        return latest[2]

    def _as_known(
        self, role: Role, known: Kept, kept_as: Role | None = None, similarity: float | None = None
    ) -> Placement:
        story = self._stories.of(known.micro_id)
        story_id = story.id if story else known.story_id
        return Placement(role, story_id, known.micro_id, kept_as=kept_as, similarity=similarity)

    def _place_report(self, sketch: Sketch, *, late: bool) -> Placement:
        vector = self.vector(sketch)
        near = self._rank(sketch, vector)
        liked = _like(vector, [one.story for one in near])
        crowding = liked[_CROWD - 1].likeness if len(liked) >= _CROWD else 0.0
        story = self._best_story(vector, near, liked, crowding)
        if story is None:
            micro_id = self._new_micro_id(sketch, late=late)
            return Placement(
                Role.REPORT,
                micro_id,
                micro_id,
                Role.REPORT,
                runner_up=_runner_up(near),
                neighbour=_neighbour(near),
                crowding=crowding,
            )
        nearest = next(one for one in near if one.story is story)
        others = [one for one in near if one.story is not story]
        is_one_of_them = nearest.cosine >= self._config.micro_threshold or len(story.micros) >= _MOST_MICROS
        micro_id = nearest.micro.id if is_one_of_them else self._new_micro_id(sketch, late=late)
        return Placement(
            Role.REPORT,
            story.id,
            micro_id,
            Role.REPORT,
            nearest.cosine,
            shared_terms(sketch, vector, nearest.micro),
            _runner_up(others),
            _neighbour(others),
            crowding,
        )

    def _rank(self, sketch: Sketch, vector: Vector) -> list[_Near]:
        """Name the nearest of the stories that have candidates, the nearest first."""
        found = self._stories.holding(self._archive.resembling(sketch))
        if not found:
            return []
        micros, stories = zip(*found, strict=True)
        distances = map(neg, cosines(vector, micros))
        nearest: dict[str, tuple[float, MicroCluster, Story]] = {}
        for ranked in sorted(zip(distances, micros, stories, strict=True)):
            nearest.setdefault(ranked[-1].id, ranked)
        return list(map(_Near._make, islice(nearest.values(), _MOST_STORIES)))

    def _best_story(
        self, vector: Vector, near: Sequence[_Near], liked: Sequence[_Liked], crowding: float
    ) -> Story | None:
        """Name the story of the nearest micro-cluster, if near enough; else the one most like it, if like enough."""
        near_enough = max(self._config.micro_threshold, self._config.micro_crowd_factor * crowding)
        if near and near[0].cosine >= near_enough:
            return near[0].story
        lone = Group(1, 0.0, num_terms(vector), crowding)
        if liked and self._linkage.are_one(liked[0].likeness, liked[0].story.group, lone):
            return liked[0].story
        return None

    def _new_micro_id(self, sketch: Sketch, *, late: bool) -> str:
        parts = ["story", sketch.language, sketch.article_id, str(sketch.observed_at)]
        # Only a late article can come twice, after its story is over: no id is given out again.
        return short_digest(*parts, str(self._archive.next_number)) if late else short_digest(*parts)


def shared_terms(sketch: Sketch, vector: Vector, micro: MicroCluster) -> tuple[str, ...]:
    """Name the terms that an article and a micro-cluster share, as the article writes them, weightiest first."""
    forms = sketch.terms.forms
    return tuple([forms[place] for place in kernels.heaviest_shared(vector, micro.centre, sketch.ids, _TERMS_TOLD)])


def _like(vector: Vector, stories: Sequence[Story]) -> list[_Liked]:
    """Weigh stories by the mean cosine of their reports with an article, the likest first."""
    sums = sums_of_cosines(vector, stories)
    liked = [_Liked(_mean(total, story.num_reports), story) for total, story in zip(sums, stories, strict=True)]
    return sorted(liked, key=_likeness, reverse=True)


def _mean(total: float, count: int) -> float:
    """Give the mean of what was summed; 0 of nothing."""
    return total / count if count else 0.0


def _runner_up(near: Sequence[_Near]) -> RunnerUp | None:
    return RunnerUp(near[0].story.id, near[0].cosine) if near else None


def _neighbour(near: Sequence[_Near]) -> str | None:
    return near[0].micro.id if near else None
