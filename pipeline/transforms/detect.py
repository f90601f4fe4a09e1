"""Detection on Beam: state cells and timers around the journal, and nothing of the algorithm."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import (
    BagStateSpec,
    ReadModifyWriteStateSpec,
    TimerSpec,
    on_timer,
)
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from pipeline.config import DetectionConfig
from pipeline.detection.clock import from_micros, to_micros
from pipeline.detection.codec import decode
from pipeline.detection.detector import Outcome
from pipeline.detection.journal import NUM_BAGS, Journal, Stores
from pipeline.detection.sketch import Sketch
from pipeline.records import DeadLetter, StoryEvent
from pipeline.spool import FileSpool
from pipeline.transforms.articles import DEAD_LETTERS

ASSIGNMENTS = "assignments"
"""Tag of the side output that tells where each article was placed."""

MOVES = "moves"
"""Tag of the side output that tells which micro-clusters, and so their articles, went over to another story."""

_JOURNALS: dict[tuple[str, str], Journal] = {}
"""Journals in this worker's memory, by transform and key: a cache of what is in state. Instances of a DoFn come and go,
the SDK drops one after a minute without work; this stays. A journal is taken out before it is changed and put back
when its cell is written, so that an exception in between leaves none, and the next use rebuilds it."""


# Beam finds state and timers in the defaults of a method's parameters, so every method has to list them.
_BAG = [beam.DoFn.StateParam(BagStateSpec(f"bag_{place}", BytesCoder())) for place in range(NUM_BAGS)]
_CORE = beam.DoFn.StateParam(BagStateSpec("core", BytesCoder()))
_CELL = beam.DoFn.StateParam(ReadModifyWriteStateSpec("cell", BytesCoder()))
_TICK_TIMER = TimerSpec("tick", TimeDomain.WATERMARK)
_DRAIN_TIMER = TimerSpec("drain", TimeDomain.WATERMARK)
_EXPIRE_TIMER = TimerSpec("expire", TimeDomain.WATERMARK)
_TICK = beam.DoFn.TimerParam(_TICK_TIMER)
_DRAIN = beam.DoFn.TimerParam(_DRAIN_TIMER)
_EXPIRE = beam.DoFn.TimerParam(_EXPIRE_TIMER)
_RANKS = [2**exponent - 1 for exponent in range(11)]
"""Which of the waiting ticks have a timer: the first, the second, the fourth and so on. An engine fires in one bundle
the timers that are due, and takes new ones after it: with a timer for the first alone, a job that has to catch up would
pay for a bundle with each tick."""

_KEY = beam.DoFn.KeyParam
_NOW = beam.DoFn.TimestampParam


class DetectStories(beam.PTransform):
    """Turn ``(language, encoded sketches)`` into story events, with tags `ASSIGNMENTS`, `MOVES` and `DEAD_LETTERS`.

    Counters: ``articles_<role>_total``, ``articles_late_total``, ``articles_forgotten_early_total``,
    ``dead_letters_total``, ``events_<type>_total``, ``rebuilds_total``.

    Parameters
    ----------
    config
        All that decides.
    close_all
        Whether to close every open story when a bounded input ends.
    """

    def __init__(self, config: DetectionConfig, *, close_all: bool = False) -> None:
        super().__init__()
        self._config = config
        self._close_all = close_all

    def expand(self, pcoll: beam.PCollection) -> Any:
        detect = beam.ParDo(_DetectFn(self._config, close_all=self._close_all)).with_output_types(StoryEvent)
        return pcoll | "Detect" >> detect.with_outputs(ASSIGNMENTS, MOVES, DEAD_LETTERS, main="events")


class _DetectFn(beam.DoFn):
    def __init__(self, config: DetectionConfig, *, close_all: bool) -> None:
        self._config = config
        self._close_all = close_all
        self._transform = uuid.uuid4().hex

    def process(
        self,
        element: tuple[str, bytes],
        bag_0: Any = _BAG[0],
        bag_1: Any = _BAG[1],
        bag_2: Any = _BAG[2],
        bag_3: Any = _BAG[3],
        bag_4: Any = _BAG[4],
        bag_5: Any = _BAG[5],
        core: Any = _CORE,
        cell: Any = _CELL,
        tick: Any = _TICK,
        drain: Any = _DRAIN,
    ) -> Iterator[Any]:
        key, encoded = element
        stores = Stores((bag_0, bag_1, bag_2, bag_3, bag_4, bag_5), core, cell)
        journal = self._take(key, stores)
        if journal.is_empty:
            drain.set(GlobalWindow().max_timestamp())
        earliest = journal.detector.next_tick()
        for sketch in decode(encoded, list[Sketch]):
            if journal.detector.is_too_late(sketch):
                yield TaggedOutput(DEAD_LETTERS, _too_late(sketch, journal))
            elif journal.detector.mark == (due := journal.observe(sketch, stores)):
                yield from self._told(journal.advance(due, stores))
        following = journal.detector.next_tick()
        if following is not None and following != earliest:
            _set_tick(tick, 0, following)
        self._put_back(key, journal)

    @on_timer(_TICK_TIMER)
    def on_tick(
        self,
        key: str = _KEY,
        now: Timestamp = _NOW,
        bag_0: Any = _BAG[0],
        bag_1: Any = _BAG[1],
        bag_2: Any = _BAG[2],
        bag_3: Any = _BAG[3],
        bag_4: Any = _BAG[4],
        bag_5: Any = _BAG[5],
        core: Any = _CORE,
        cell: Any = _CELL,
        tick: Any = _TICK,
        expire: Any = _EXPIRE,
    ) -> Iterator[Any]:
        stores = Stores((bag_0, bag_1, bag_2, bag_3, bag_4, bag_5), core, cell)
        journal = self._take(key, stores)
        yield from self._told(journal.advance(now.micros, stores))
        detector = journal.detector
        following = detector.next_ticks(_RANKS[-1] + 1)
        for place, rank in enumerate(_RANKS[: len(following).bit_length()]):
            _set_tick(tick, place, following[rank])
        if not following and detector.mark is not None:
            expire.set(Timestamp(micros=detector.ticks.expiry(detector.mark)))
        self._put_back(key, journal)

    @on_timer(_DRAIN_TIMER)
    def on_drain(
        self,
        key: str = _KEY,
        bag_0: Any = _BAG[0],
        bag_1: Any = _BAG[1],
        bag_2: Any = _BAG[2],
        bag_3: Any = _BAG[3],
        bag_4: Any = _BAG[4],
        bag_5: Any = _BAG[5],
        core: Any = _CORE,
        cell: Any = _CELL,
    ) -> Iterator[Any]:
        # The input ends: without this, a replay would pay for a timer at every tick, and for state that nobody reads.
        stores = Stores((bag_0, bag_1, bag_2, bag_3, bag_4, bag_5), core, cell)
        journal = self._take(key, stores)
        yield from self._told(journal.drain())
        if self._close_all:
            yield from map(_timed, journal.detector.close_all())
        stores.clear()

    @on_timer(_EXPIRE_TIMER)
    def on_expire(
        self,
        key: str = _KEY,
        now: Timestamp = _NOW,
        bag_0: Any = _BAG[0],
        bag_1: Any = _BAG[1],
        bag_2: Any = _BAG[2],
        bag_3: Any = _BAG[3],
        bag_4: Any = _BAG[4],
        bag_5: Any = _BAG[5],
        core: Any = _CORE,
        cell: Any = _CELL,
    ) -> None:
        stores = Stores((bag_0, bag_1, bag_2, bag_3, bag_4, bag_5), core, cell)
        journal = self._take(key, stores)
        journal.expire(now.micros, stores)
        self._put_back(key, journal)

    def _take(self, key: str, stores: Stores) -> Journal:
        """Take the key's journal out of memory, if it still mirrors the state; else rebuild it."""
        journal = _JOURNALS.pop((self._transform, key), None)
        if journal is None or not journal.mirrors(stores):
            Metrics.counter("wirewatch", "rebuilds_total").inc()
            journal = Journal.load(self._config, stores, FileSpool)
        return journal

    def _put_back(self, key: str, journal: Journal) -> None:
        if not journal.is_empty:
            _JOURNALS[(self._transform, key)] = journal

    def _told(self, outcomes: Iterator[Outcome]) -> Iterator[Any]:
        for outcome in outcomes:
            for event in outcome.events:
                yield _timed(event)
            moment = Timestamp(micros=outcome.tick)
            assignments = outcome.assignments()
            for assignment in assignments:
                yield TaggedOutput(ASSIGNMENTS, TimestampedValue(assignment, moment))
            for role, count in Counter(assignment.role for assignment in assignments).items():
                Metrics.counter("wirewatch", f"articles_{role}_total").inc(count)
            for move in outcome.all_moves():
                yield TaggedOutput(MOVES, TimestampedValue(move, moment))
            Metrics.counter("wirewatch", "articles_forgotten_early_total").inc(outcome.num_forgotten_early)
            if outcome.late:
                Metrics.counter("wirewatch", "articles_late_total").inc(len(outcome.placed))


def _set_tick(timer: Any, place: int, tick: int) -> None:
    timer.set(Timestamp(micros=tick), dynamic_timer_tag=str(place))


def _timed(event: StoryEvent) -> TimestampedValue:
    Metrics.counter("wirewatch", f"events_{event.type.name.lower()}_total").inc()
    return TimestampedValue(event, Timestamp(micros=to_micros(event.time)))


def _too_late(sketch: Sketch, journal: Journal) -> DeadLetter:
    Metrics.counter("wirewatch", "dead_letters_total").inc()
    mark = from_micros(journal.detector.mark or 0).isoformat()
    reason = (
        f"too-late: observed_at {from_micros(sketch.observed_at).isoformat()} is more than allowed_lateness_hours "
        f"before {mark}, up to which {sketch.language!r} is decided; replay it with the articles of its time"
    )
    # The text is gone by now: the source says where it can be read again.
    return DeadLetter("detect", reason, sketch.source, b"")
