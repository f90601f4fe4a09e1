"""The detector: takes sketches and watermarks, gives story events. Knows no Beam, no Kafka and no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest
from itertools import takewhile
from typing import NamedTuple

import msgspec

from pipeline.config import DetectionConfig
from pipeline.detection.archive import Archive, Kept
from pipeline.detection.clock import Ticks, from_micros
from pipeline.detection.codec import decode, decode_sketch, encode, encode_sketch
from pipeline.detection.idf import StreamIdf
from pipeline.detection.lifecycle import Lifecycle
from pipeline.detection.placing import Placement, Placer
from pipeline.detection.sketch import Sketch
from pipeline.detection.story import Story
from pipeline.records import Assignment, Mention, Role, StoryEvent

MENTIONS_PER_EVENT = 500
"""Mentions that one event carries at most; a record of the broker is bounded, so an event must be."""

END_OF_TIME = 1 << 62
"""A watermark beyond every tick: advancing to it decides all that waits."""

_HEADLINE_POOL = 64
"""Newest reports of a story that are candidates for its headline."""


class Placed(NamedTuple):
    """An article with the decision on it."""

    sketch: Sketch
    placement: Placement


@dataclass(slots=True)
class Outcome:
    """What one tick brought."""

    tick: int
    """End of the tick, microseconds since 1970."""
    late: bool = False
    """Whether the tick was already decided when its articles came."""
    placed: list[Placed] = field(default_factory=list)
    """Its articles in the order in which they were decided."""
    events: list[StoryEvent] = field(default_factory=list)
    num_forgotten_early: int = 0
    """Articles that `max_admissions` took before the horizon did."""

    def assignments(self) -> list[Assignment]:
        return [
            Assignment(sketch.article_id, sketch.source, placement.story_id, placement.role)
            for sketch, placement in self.placed
        ]


class Core(msgspec.Struct, frozen=True):
    """What cannot be recomputed from the live articles, as it stood between two ticks."""

    mark: int | None = None
    stories: list[Story] = []
    num_reports: int = 0
    """Live reports that `term_counts` counts."""
    term_counts: dict[str, int] = {}
    num_live: int = 0
    """Articles remembered, ..."""
    next_number: int = 0
    """... the last of them numbered one less than this."""


class _Remembered(msgspec.Struct, frozen=True, array_like=True):
    generation: int
    encoded: bytes
    story_id: str
    role: Role
    taken_down: bool


class _Snapshot(msgspec.Struct, frozen=True):
    core: Core
    remembered: list[_Remembered]
    waiting: list[bytes]


class Detector:
    """Groups the articles of one language into stories, tick by tick.

    Articles wait until the watermark passes their tick; then they are decided in the order (event time, article id,
    takedowns last, content, source). So what comes out depends on the articles alone, not on the order in which they
    came, nor on how calls of `advance` were spaced.

    Parameters
    ----------
    config
        All that decides; the same articles under the same configuration give the same events, to the byte.

    Examples
    --------
    >>> detector = Detector(DetectionConfig())
    >>> [outcome.events for outcome in detector.advance(0)]
    []
    """

    def __init__(self, config: DetectionConfig) -> None:
        self._config = config
        self.ticks = Ticks(config.time)
        self._waiting: dict[int, list[Sketch]] = {}
        self._ticks: list[int] = []
        """Heap of the ticks that hold waiting articles."""
        self.mark: int | None = None
        """End of the last tick decided; an article of it or of an earlier one is late."""
        self._reset(Core())

    def _reset(self, core: Core) -> None:
        self.mark = core.mark
        self._stories = {story.id: story for story in core.stories}
        self._idf = StreamIdf(self._config.stories.prior_articles, core.num_reports, core.term_counts)
        self._archive = Archive(self._config, core.next_number - core.num_live)
        self._placer = Placer(self._config.stories, self._archive, self._stories, self._idf)
        self._lifecycle = Lifecycle(self._config.stories, self._archive, self._placer)
        self._waiting, self._ticks, self._num_early = {}, [], 0

    # Articles in

    def is_late(self, sketch: Sketch) -> bool:
        """Whether the tick of an article is already decided."""
        return self.mark is not None and self.ticks.end_of(sketch.observed_at) <= self.mark

    def is_too_late(self, sketch: Sketch) -> bool:
        """Whether an article is later than `allowed_lateness`: such a one must not be observed."""
        return self.mark is not None and self.ticks.end_of(sketch.observed_at) <= self.mark - self.ticks.lateness

    def observe(self, sketch: Sketch) -> int:
        """Take an article, to be decided when its tick is due.

        Returns
        -------
        int
            The tick in which it will be decided: its own, or the last one decided if it is late.
        """
        tick = self.ticks.end_of(sketch.observed_at)
        if self.mark is not None:
            tick = max(tick, self.mark)
        if tick not in self._waiting:
            self._waiting[tick] = []
            heappush(self._ticks, tick)
        self._waiting[tick].append(sketch)
        return tick

    # Ticks

    def next_tick(self) -> int | None:
        """Name the earliest tick that holds waiting articles."""
        return self._ticks[0] if self._ticks else None

    def next_ticks(self, count: int) -> list[int]:
        """Name the earliest ticks that hold waiting articles, in order."""
        return nsmallest(count, self._ticks)

    def advance(self, watermark: int) -> list[Outcome]:
        """Decide every tick that ends at or before the watermark, in order.

        Parameters
        ----------
        watermark
            Microseconds since 1970: no article before it is still to come, save late ones.
        """
        outcomes = []
        while (tick := self.next_tick()) is not None and tick <= watermark:
            outcomes.append(self.decide(tick))
        return outcomes

    def decide(self, tick: int) -> Outcome:
        """Decide the articles that wait for one tick, which must be the earliest."""
        heappop(self._ticks)
        return self._run(tick, _in_order(self._waiting.pop(tick)), None)

    def repeat(self, tick: int, placed: Sequence[Placed]) -> Outcome:
        """Apply the recorded decisions of one tick to the state as it was before that tick."""
        return self._run(tick, [sketch for sketch, _ in placed], [placement for _, placement in placed])

    def _run(self, tick: int, sketches: Sequence[Sketch], recorded: Sequence[Placement] | None) -> Outcome:
        outcome = Outcome(tick)
        late = outcome.late = tick == self.mark
        if not late:
            self.forget(tick)
            outcome.num_forgotten_early, self._num_early = self._num_early, 0
            outcome.events += self._close_quiet(tick)
        changed: dict[str, bool] = {}
        for position, sketch in enumerate(sketches):
            placement = recorded[position] if recorded else self._placer.place(sketch, late=late)
            outcome.placed.append(Placed(sketch, placement))
            story_id = self._apply(sketch, placement, self.ticks.generation(tick), late=late)
            if story_id is not None:
                changed[story_id] = changed.get(story_id, False) or placement.role is Role.TAKEDOWN
        outcome.events += self._settle(changed)
        self.mark = tick
        return outcome

    def forget(self, tick: int) -> None:
        """Let go of the articles that are beyond the horizon when `tick` begins; deciding a tick does so by itself."""
        gone, num_early = self._archive.forget(self.ticks.oldest_live_generation(tick), self._config.max_admissions)
        self._num_early += num_early
        for kept in gone:
            if kept.role is Role.REPORT:
                self._idf.remove(kept.sketch().stems)

    def _close_quiet(self, tick: int) -> list[StoryEvent]:
        start = tick - self.ticks.length
        quiet = list(takewhile(lambda story: story.heard + self.ticks.horizon <= start, self._stories.values()))
        return self._close(quiet, start)

    def _close(self, stories: Iterable[Story], moment: int) -> list[StoryEvent]:
        events = []
        for story in sorted(stories, key=lambda story: story.id):
            event = self._lifecycle.close(story, moment)
            if event is not None:
                events.append(event)
            del self._stories[story.id]
        return events

    def close_all(self) -> list[StoryEvent]:
        """Close every open story, at the end of the last tick decided: for the end of an archive."""
        return [] if self.mark is None else self._close(list(self._stories.values()), self.mark)

    def _settle(self, changed: dict[str, bool]) -> list[StoryEvent]:
        events = []
        for story_id, corrected in sorted(changed.items()):
            story = self._stories[story_id]
            event = self._lifecycle.settle(story, corrected=corrected)
            if event is not None:
                events.append(event)
            if not story.num_reports:
                del self._stories[story_id]
        return events

    # Decisions applied

    def _apply(self, sketch: Sketch, placement: Placement, generation: int, *, late: bool) -> str | None:
        """Let a decision change the state; names the story it changed, if any."""
        known = self._archive.by_id(sketch.article_id)
        number = self._remember(sketch, placement, generation)
        story = self._change(sketch, placement, known, number)
        if placement.kept_as is Role.REPORT:
            self._idf.add(sketch.stems)
        if story is None:
            return None
        story.last_seen = max(story.last_seen, sketch.observed_at)
        # The stories stand in the order in which they were last heard of: the quiet ones are then at the front.
        story.heard = self.mark if late and self.mark is not None else sketch.observed_at
        self._stories[story.id] = self._stories.pop(story.id, story)
        story.tell(_mention(sketch, placement, late), MENTIONS_PER_EVENT)
        return story.id

    def _remember(self, sketch: Sketch, placement: Placement, generation: int) -> int | None:
        """Let the archive follow a decision; gives the article's number if it got one."""
        if placement.role is Role.TAKEDOWN:
            self._archive.take_down(sketch.article_id)
        if placement.kept_as is None or placement.story_id is None:
            return None
        return self._archive.add(sketch, placement.story_id, placement.kept_as, generation)

    def _change(self, sketch: Sketch, placement: Placement, known: Kept | None, number: int | None) -> Story | None:
        """Let the story follow a decision; none where no open story changes."""
        if placement.story_id is None or placement.role is Role.REPEAT:
            return None
        if placement.role is Role.REPORT:
            return self._admit_report(sketch, placement.story_id, number)
        story = self._stories.get(placement.story_id)
        if story is not None and placement.role is Role.COPY:
            story.num_copies += 1
        elif story is not None and known is not None:
            self._amend(story, known, sketch, number)
        return story

    def _admit_report(self, sketch: Sketch, story_id: str, number: int | None) -> Story:
        story = self._stories.get(story_id)
        if story is None:
            story = Story(story_id, sketch.language, sketch.observed_at, sketch.observed_at, headline=sketch.title)
        story.add_report(self._placer.vector(sketch), sketch.forms, sketch.outlet, sketch.observed_at)
        _add_candidate(story, number)
        return story

    def _amend(self, story: Story, known: Kept, sketch: Sketch, number: int | None) -> None:
        """Let a revision or takedown replace or remove what the story took from the article before."""
        if known.role is Role.COPY:
            story.num_copies -= sketch.deleted
            return
        old = known.sketch()
        if sketch.deleted:
            story.remove_report(self._placer.vector(old), old.outlet, old.observed_at)
            return
        story.replace_report(self._placer.vector(old), self._placer.vector(sketch), sketch.forms)
        story.move_outlet(old.outlet, sketch.outlet)
        _add_candidate(story, number)

    # State

    def core(self) -> Core:
        """Give what cannot be recomputed from the live articles, as it stands after the last tick."""
        return Core(
            self.mark,
            list(self._stories.values()),
            self._idf.num_reports,
            dict(self._idf.counts),
            len(self._archive),
            self._archive.next_number,
        )

    def restore_core(self, core: Core, earlier: Sequence[tuple[int, Placed]]) -> None:
        """Start over from a core, with nothing waiting.

        Parameters
        ----------
        core
            From `core`.
        earlier
            The decisions before it, in order, each with its generation; those on articles no longer live then may be
            missing or not.
        """
        self._reset(core)
        num_gone = sum(placed.placement.kept_as is not None for _, placed in earlier) - core.num_live
        for generation, (sketch, placement) in earlier:
            if placement.kept_as is not None and num_gone > 0:
                num_gone -= 1
            else:
                self._remember(sketch, placement, generation)

    def snapshot(self) -> bytes:
        """Write the whole state as versioned bytes."""
        remembered = [_Remembered(generation, *kept, taken_down) for generation, kept, taken_down in self._archive]
        waiting = [encode_sketch(sketch) for tick in sorted(self._waiting) for sketch in _in_order(self._waiting[tick])]
        return encode(_Snapshot(self.core(), remembered, waiting))

    def restore(self, snapshot: bytes) -> None:
        """Take over the state of a `snapshot`; what comes after is as if it had never been written.

        Raises
        ------
        pipeline.detection.codec.UnknownVersion
            If another version of the program wrote it.
        pipeline.detection.codec.DamagedState
            If no version wrote it.
        """
        state = decode(snapshot, _Snapshot)
        self._reset(state.core)
        for kept in state.remembered:
            sketch = decode_sketch(kept.encoded)
            self._archive.add(sketch, kept.story_id, kept.role, kept.generation)
            if kept.taken_down:
                self._archive.take_down(sketch.article_id)
        for encoded in state.waiting:
            self.observe(decode_sketch(encoded))


def _in_order(sketches: Iterable[Sketch]) -> list[Sketch]:
    return sorted(sketches, key=_order)


def _order(sketch: Sketch) -> tuple[int, str, bool, str, str]:
    # An archive may give a takedown the very time of its article: it comes after it.
    return sketch.observed_at, sketch.article_id, sketch.deleted, sketch.digest, sketch.source


def _add_candidate(story: Story, number: int | None) -> None:
    """Make a report a candidate for the headline."""
    if number is not None:
        story.reports = [*story.reports[1 - _HEADLINE_POOL :], number]


def _mention(sketch: Sketch, placement: Placement, late: bool) -> Mention:
    return Mention(
        article_id=sketch.article_id,
        role=placement.role,
        observed_at=from_micros(sketch.observed_at),
        title=sketch.title,
        outlet=sketch.outlet,
        url=sketch.url,
        similarity=placement.similarity,
        terms=placement.terms,
        runner_up=placement.runner_up,
        late=late,
    )
