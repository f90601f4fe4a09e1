"""The detector: takes sketches and watermarks, gives story events. Knows no Beam, no Kafka and no clock."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, nsmallest
from itertools import takewhile
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import DetectionConfig
from pipeline.detection.archive import Archive, Kept, Keys
from pipeline.detection.clock import Ticks
from pipeline.detection.codec import decode, decode_sketch, encode, encode_sketch
from pipeline.detection.counts import NOTHING, Packed
from pipeline.detection.furniture import Furniture, OutletTerms
from pipeline.detection.grouping import Linkage
from pipeline.detection.idf import StreamIdf
from pipeline.detection.lifecycle import Lifecycle, withdrawn
from pipeline.detection.mentions import Draft
from pipeline.detection.micro import MicroCluster
from pipeline.detection.placing import Placement, Placer
from pipeline.detection.pulse import Pulse
from pipeline.detection.regrouping import Regrouper, next_look
from pipeline.detection.sketch import Sketch
from pipeline.detection.spool import MemorySpool, Spool
from pipeline.detection.stories import Stories
from pipeline.detection.story import Story
from pipeline.records import Assignment, Mention, Move, Role, StoryEvent

END_OF_TIME = 1 << 62
"""A watermark beyond every tick: advancing to it decides all that waits."""


class Placed(NamedTuple):
    """An article with the decision on it."""

    sketch: Sketch
    placement: Placement


class Earlier(NamedTuple):
    """A decision on an article that is read when its turn comes: all sketches at once would take more than all else."""

    generation: int
    placement: Placement
    sketch: Callable[[], Sketch]


class Recorded(NamedTuple):
    """The decisions of one tick, as they were made."""

    placements: Sequence[Placement]
    moves: Mapping[str, Sequence[Move]]
    """What second looks changed, by the story that was looked at."""


@dataclass(slots=True)
class Outcome:
    """What one tick brought."""

    tick: int
    """End of the tick, microseconds since 1970."""
    late: bool = False
    """Whether the tick was already decided when its articles came."""
    placed: list[Placed] = field(default_factory=list)
    """Its articles in the order in which they were decided."""
    moves: dict[str, list[Move]] = field(default_factory=dict)
    """What second looks changed, by the story that was looked at, in the order of the looks."""
    events: list[StoryEvent] = field(default_factory=list)
    num_forgotten_early: int = 0
    """Articles that `max_admissions` took before the horizon did."""

    def assignments(self) -> list[Assignment]:
        return [
            Assignment(sketch.article_id, sketch.source, placement.story_id, placement.role, placement.micro_id)
            for sketch, placement in self.placed
        ]

    def all_moves(self) -> list[Move]:
        return [move for moves in self.moves.values() for move in moves]


@dataclass(slots=True)
class _Changes:
    """What one tick changed, until it is told."""

    stories: dict[str, Story] = field(default_factory=dict)
    corrected: dict[str, bool] = field(default_factory=dict)
    """Whether a mention was taken down, for each of them."""
    withdrawn: dict[str, list[Mention]] = field(default_factory=dict)
    """Told mentions that went over to another story."""
    heirs: dict[str, Story] = field(default_factory=dict)
    """Which story took most of what a story lost, the last time it lost any."""

    def add(self, story: Story, *, corrected: bool = False) -> None:
        self.stories[story.id] = story
        self.corrected[story.id] = self.corrected.get(story.id, False) or corrected

    def withdraw(self, story: Story, mentions: Iterable[Mention]) -> None:
        self.withdrawn[story.id] = [*self.withdrawn.get(story.id, ()), *mentions]

    def heir(self, story: Story) -> Story:
        """Name the story that a story without micro-clusters goes on as."""
        while not story.micros:
            story = self.heirs[story.id]
        return story

    def in_order(self) -> list[Story]:
        return sorted(self.stories.values(), key=lambda story: story.id)


class Core(msgspec.Struct, frozen=True):
    """What cannot be recomputed from the live articles, as it stood between two ticks."""

    mark: int | None = None
    stories: list[Story] = []
    num_reports: int = 0
    """Live reports that `term_counts` counts."""
    term_counts: Packed = NOTHING
    """In how many of them each term stands."""
    outlets: dict[str, OutletTerms] = {}
    """What each outlet repeats."""
    pulse: Pulse | None = None
    """How fast reports of all stories come."""
    num_mentions: int = 0
    """Mentions that came about so far."""
    num_live: int = 0
    """Articles remembered, ..."""
    next_number: int = 0
    """... the last of them numbered one less than this."""


class _Remembered(msgspec.Struct, frozen=True, array_like=True):
    generation: int
    encoded: bytes
    story_id: str
    micro_id: str
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
    make_spool
        Makes what the sketches of live articles are kept in.

    Examples
    --------
    >>> detector = Detector(DetectionConfig())
    >>> [outcome.events for outcome in detector.advance(0)]
    []
    """

    def __init__(self, config: DetectionConfig, make_spool: Callable[[], Spool] = MemorySpool) -> None:
        self._config = config
        self._make_spool = make_spool
        self.ticks = Ticks(config.time)
        self._waiting: dict[int, list[Keys]] = {}
        self._ticks: list[int] = []
        """Heap of the ticks that hold waiting articles."""
        self.mark: int | None = None
        """End of the last tick decided; an article of it or of an earlier one is late."""
        self._reset(Core())

    def _reset(self, core: Core) -> None:
        self.mark = core.mark
        self._stories = Stories(core.stories)
        stories = self._config.stories
        self._idf = StreamIdf(stories.prior_articles, stories.idf_exponent, core.num_reports, core.term_counts)
        self._furniture = Furniture(core.outlets)
        self._pulse = core.pulse
        self._num_mentions = core.num_mentions
        self._archive = Archive(self._config, self._make_spool(), core.next_number - core.num_live)
        linkage = Linkage(self._config.stories, self._config.sketch.num_terms)
        self._placer = Placer(self._config, linkage, self._archive, self._stories, self._idf, self._furniture)
        self._regrouper = Regrouper(linkage, self._stories)
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
        self._waiting[tick].append(Keys(sketch, self._config))
        return tick

    # Ticks

    def next_tick(self) -> int | None:
        """Name the earliest tick that holds waiting articles."""
        return self._ticks[0] if self._ticks else None

    def prepare(self) -> None:
        """Work out ahead what deciding the earliest tick needs and no decision changes.

        Nothing comes out different, only sooner: for hosts that have time while a tick lasts and little after it.
        """
        for keys in self._waiting[self._ticks[0]] if self._ticks else ():
            keys.prepare()

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
        return self._run(tick, sorted(self._waiting.pop(tick), key=_order), None)

    def repeat(self, tick: int, sketches: Sequence[Sketch], recorded: Recorded) -> Outcome:
        """Apply the recorded decisions of one tick to the state as it was before that tick."""
        return self._run(tick, [Keys(sketch, self._config) for sketch in sketches], recorded)

    def _run(self, tick: int, articles: Sequence[Keys], recorded: Recorded | None) -> Outcome:
        outcome = Outcome(tick)
        late = outcome.late = tick == self.mark
        if not late:
            self.forget(tick)
            outcome.num_forgotten_early, self._num_early = self._num_early, 0
            outcome.events += self._close_quiet(tick)
        changes = _Changes()
        for position, keys in enumerate(articles):
            sketch = keys.sketch
            self._archive.expect(keys)
            placement = recorded.placements[position] if recorded else self._placer.place(sketch, late=late)
            outcome.placed.append(Placed(sketch, placement))
            story = self._apply(sketch, placement, self.ticks.generation(tick), late=late)
            if story is not None:
                changes.add(story, corrected=placement.role is Role.TAKEDOWN)
        for story in changes.in_order():
            moves = self._look_again(story, tick, recorded)
            if moves:
                outcome.moves[story.id] = list(moves)
                self._move(moves, story.heard, changes)
        outcome.events += self._settle(changes)
        self.mark = tick
        return outcome

    def forget(self, tick: int) -> None:
        """Let go of the articles that are beyond the horizon when `tick` begins; deciding a tick does so by itself."""
        oldest = self.ticks.oldest_live_generation(tick)
        self._num_early += self._archive.forget(oldest, self._config.max_admissions, self._discount)

    def _discount(self, role: Role, ids: NDArray[np.uint32]) -> None:
        if role is Role.REPORT:
            self._idf.remove(ids)

    def _close_quiet(self, tick: int) -> list[StoryEvent]:
        start = tick - self.ticks.length
        quiet = list(takewhile(lambda story: story.heard + self.ticks.horizon <= start, self._stories))
        return self._close(quiet, start)

    def _close(self, stories: Iterable[Story], moment: int) -> list[StoryEvent]:
        events = []
        for story in sorted(stories, key=lambda story: story.id):
            event = self._lifecycle.close(story, moment)
            if event is not None:
                events.append(event)
            self._stories.remove(story)
        return events

    def close_all(self) -> list[StoryEvent]:
        """Close every open story, at the end of the last tick decided: for the end of an archive."""
        return [] if self.mark is None else self._close(list(self._stories), self.mark)

    def _look_again(self, story: Story, tick: int, recorded: Recorded | None) -> Sequence[Move]:
        """Decide what a second look at a story changes, if one is due."""
        if not story.next_look <= story.num_reports:
            return ()
        story.next_look = next_look(story.num_reports)
        return recorded.moves.get(story.id, ()) if recorded else self._regrouper.look(story, tick)

    def _move(self, moves: Sequence[Move], heard: int, changes: "_Changes") -> None:
        """Let micro-clusters go over to other stories, and what is left of a story without reports go along."""
        touched: dict[str, Story] = {}
        taken: dict[str, Counter[str]] = defaultdict(Counter)
        for move in moves:
            micro = self._stories.micro(move.micro_id)
            if micro is None:
                continue
            source = self._stories[micro.story_id]
            target = self._stories.get(move.story_id) or Story(move.story_id, source.language, headline=source.headline)
            if source.has_emerged:
                retold = self._lifecycle.retold(micro)
                changes.withdraw(source, withdrawn(micro, retold, target.id))
                micro.untold, micro.num_omitted = (), max(0, micro.num_reports + micro.num_copies - len(retold))
                for draft in retold:
                    self._tell(micro, draft)
            taken[source.id][target.id] += micro.num_reports
            self._stories.put(micro, target)
            self._stories.hear(target)
            touched |= {source.id: source, target.id: target}
        for story_id, takers in taken.items():
            # The one that took most goes on in its place, if it is left without reports.
            heir = changes.heirs[story_id] = touched[min(takers, key=lambda taker: (-takers[taker], taker))]
            if not touched[story_id].reporting:
                for micro in touched[story_id].micros:
                    self._stories.put(micro, heir)
        for story in touched.values():
            story.heard = heard
            story.measure()
            story.next_look = next_look(story.num_reports)
            self._stories.hear(story)
            changes.add(story)

    def _settle(self, changes: "_Changes") -> list[StoryEvent]:
        events = []
        swell = self._pulse.swell() if self._pulse else 1.0
        for story in changes.in_order():
            if story.micros:
                event = self._lifecycle.settle(
                    story,
                    swell=swell,
                    withdrawn=changes.withdrawn.get(story.id, ()),
                    corrected=changes.corrected[story.id],
                )
            else:
                event = self._lifecycle.merge(story, changes.heir(story))
            if event is not None:
                events.append(event)
            if not story.num_reports:
                self._stories.remove(story)
        return events

    # Decisions applied

    def _apply(self, sketch: Sketch, placement: Placement, generation: int, *, late: bool) -> Story | None:
        """Let a decision change the state; gives the story it changed, if any."""
        known = self._archive.by_id(sketch.article_id)
        number = self._remember(sketch, placement, generation)
        micro = self._change(sketch, placement, known, number)
        if placement.kept_as is Role.REPORT:
            self._idf.add(sketch.ids)
            self._furniture.learn(sketch.outlet, sketch.ids)
        if micro is None:
            return None
        micro.last_seen = max(micro.last_seen, sketch.observed_at)
        self._tell(micro, _draft(sketch, placement, late=late))
        # The stories stand in the order in which they were last heard of: the quiet ones are then at the front.
        story = self._stories[micro.story_id]
        story.heard = self.mark if late and self.mark is not None else sketch.observed_at
        self._stories.hear(story)
        return story

    def _tell(self, micro: MicroCluster, draft: Draft) -> None:
        micro.tell(self._num_mentions, draft)
        self._num_mentions += 1

    def _remember(self, sketch: Sketch, placement: Placement, generation: int) -> int | None:
        """Let the archive follow a decision; gives the article's number if it got one."""
        if placement.role is Role.TAKEDOWN:
            self._archive.take_down(sketch.article_id)
        if placement.kept_as is None or placement.story_id is None or placement.micro_id is None:
            return None
        return self._keep(sketch, placement.story_id, placement.micro_id, placement.kept_as, generation)

    def _keep(self, sketch: Sketch, story_id: str, micro_id: str, role: Role, generation: int) -> int:
        ids = self._stories.one_of_story(story_id), self._stories.one_of_micro(micro_id)
        return self._archive.add(sketch, *ids, role, generation)

    def _change(
        self, sketch: Sketch, placement: Placement, known: Kept | None, number: int | None
    ) -> MicroCluster | None:
        """Let the micro-cluster and its story follow a decision; none where no open story changes."""
        if placement.role is Role.REPEAT:
            return None
        is_report = placement.role is Role.REPORT
        micro = self._admit_report(sketch, placement) if is_report else self._stories.micro(placement.micro_id)
        if micro is None:
            return None
        if placement.role is Role.COPY:
            micro.num_copies += 1
        elif not is_report and known is not None:
            self._amend(micro, known, sketch)
        if number is not None:
            micro.add_member(number)
        return micro

    def _admit_report(self, sketch: Sketch, placement: Placement) -> MicroCluster:
        story_id, micro_id = placement.story_id or "", placement.micro_id or ""
        story = self._stories.get(story_id) or Story(story_id, sketch.language)
        vector = self._placer.vector(sketch)
        if story.micros:
            story.pair_sum += story.sum_of_cosines(vector)
        story.num_reports += 1
        micro = self._stories.micro(micro_id) or MicroCluster(micro_id, sketch.observed_at, sketch.observed_at)
        micro.add_report(vector, sketch)
        micro.crowding += placement.crowding
        self._stories.put(micro, story)
        self._acquaint(micro, placement.neighbour)
        self._beat(story, sketch.observed_at)
        return micro

    def _beat(self, story: Story, moment: int) -> None:
        if self._pulse is None:
            self._pulse = Pulse.begin(moment)
        self._pulse.beat(moment)
        if story.pulse is not None:
            story.pulse.beat(moment)

    def _acquaint(self, micro: MicroCluster, neighbour: str | None) -> None:
        """Let two micro-clusters of different stories know of each other."""
        other = self._stories.micro(neighbour)
        if other is not None:
            micro.add_neighbour(other.id)
            other.add_neighbour(micro.id)

    def _amend(self, micro: MicroCluster, known: Kept, sketch: Sketch) -> None:
        """Let a revision or takedown replace or remove what the story took from the article before."""
        if known.role is Role.COPY:
            micro.num_copies -= sketch.deleted
            return
        old = known.sketch()
        if sketch.deleted:
            micro.remove_report(self._placer.vector(old), old)
        else:
            micro.replace_report(self._placer.vector(old), old, self._placer.vector(sketch), sketch)
        self._stories[micro.story_id].measure()

    # State

    def core(self) -> Core:
        """Give what cannot be recomputed from the live articles, as it stands after the last tick."""
        return Core(
            self.mark,
            list(self._stories),
            self._idf.num_reports,
            self._idf.term_counts(),
            self._furniture.outlets(),
            self._pulse,
            self._num_mentions,
            len(self._archive),
            self._archive.next_number,
        )

    def restore_core(self, core: Core, earlier: Sequence[Earlier]) -> None:
        """Start over from a core, with nothing waiting.

        Parameters
        ----------
        core
            From `core`.
        earlier
            The decisions before it, in order; those on articles no longer live then may be missing or not.
        """
        self._reset(core)
        num_gone = sum(one.placement.kept_as is not None for one in earlier) - core.num_live
        for one in earlier:
            if one.placement.kept_as is not None and num_gone > 0:
                num_gone -= 1
            else:
                self._remember(one.sketch(), one.placement, one.generation)

    def snapshot(self) -> bytes:
        """Write the whole state as versioned bytes."""
        remembered = [
            _Remembered(generation, kept.encoded, kept.story_id, kept.micro_id, kept.role, taken_down)
            for generation, kept, taken_down in self._archive
        ]
        waiting = [
            encode_sketch(keys.sketch)
            for tick in sorted(self._waiting)
            for keys in sorted(self._waiting[tick], key=_order)
        ]
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
            self._keep(sketch, kept.story_id, kept.micro_id, kept.role, kept.generation)
            if kept.taken_down:
                self._archive.take_down(sketch.article_id)
        for encoded in state.waiting:
            self.observe(decode_sketch(encoded))


def _order(keys: Keys) -> tuple[int, str, bool, str, str]:
    sketch = keys.sketch
    # An archive may give a takedown the very time of its article: it comes after it.
    return sketch.observed_at, sketch.article_id, sketch.deleted, sketch.digest, sketch.source


def _draft(sketch: Sketch, placement: Placement, *, late: bool) -> Draft:
    similarity, terms, runner_up = placement.similarity, placement.terms, placement.runner_up
    return Draft.of(sketch, placement.role, similarity, terms, runner_up=runner_up, late=late)
