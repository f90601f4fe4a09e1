"""The journal against the plain detector: whatever is lost from memory, and whenever, the outcomes stay the same."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import DetectionConfig, TimeConfig
from pipeline.detection.detector import Detector
from pipeline.detection.fingerprint import OtherDetection
from pipeline.detection.journal import NUM_BAGS, NUM_GENERATION_BAGS, Journal, Stores
from pipeline.detection.sketch import Sketch
from pipeline.records import EventType
from tests.detection.making import CONFIG, emerged, events_of, in_json, micros, sketch, told, types

SHORT = msgspec.structs.replace(
    CONFIG, time=TimeConfig(tick_seconds=5, horizon_hours=0.1, allowed_lateness_hours=0.02), index_depth=16
)
"""Generations of two minutes."""

_END = 1 << 62


class Broken(Exception):
    """A store could not be written."""


class FakeBag:
    def __init__(self, shuffler: random.Random) -> None:
        self.elements: list[bytes] = []
        self.writes_until_failure = _END
        self._shuffler = shuffler

    def read(self) -> Iterable[bytes]:
        return self._shuffler.sample(self.elements, len(self.elements))

    def add(self, element: bytes) -> None:
        self.writes_until_failure -= 1
        if self.writes_until_failure < 0:
            self.writes_until_failure = _END
            raise Broken
        self.elements.append(element)

    def clear(self) -> None:
        self.elements = []


class FakeValue:
    def __init__(self) -> None:
        self.value: bytes | None = None
        self.writes_until_failure = _END

    def read(self) -> bytes | None:
        return self.value

    def write(self, value: bytes) -> None:
        self.writes_until_failure -= 1
        if self.writes_until_failure < 0:
            self.writes_until_failure = _END
            raise Broken
        self.value = value

    def clear(self) -> None:
        self.value = None


def new_stores() -> Stores:
    shuffler = random.Random(0)
    return Stores([FakeBag(shuffler) for _ in range(NUM_BAGS)], FakeBag(shuffler), FakeValue())


def saved(stores: Stores) -> tuple[list[list[bytes]], Any]:
    return [list(bag.elements) for bag in (*stores.bags, stores.core)], stores.cell.value


def roll_back(stores: Stores, to: tuple[list[list[bytes]], Any]) -> None:
    elements, stores.cell.value = to
    for bag, of_bag in zip((*stores.bags, stores.core), elements, strict=True):
        bag.elements = list(of_bag)


def num_bytes(stores: Stores) -> int:
    return sum(len(element) for bag in stores.bags for element in bag.elements)


class Host:
    """Gives a journal and a plain detector the same articles and watermarks, and compares what comes out."""

    def __init__(self, config: DetectionConfig) -> None:
        self.config = config
        self.stores = new_stores()
        self.journal = Journal(config)
        self.plain = Detector(config)
        self.events: list[bytes] = []

    def observe(self, article: Sketch) -> None:
        if self.plain.is_too_late(article):
            assert self.journal.detector.is_too_late(article)
            return
        assert self.journal.observe(article, self.stores) == self.plain.observe(article)
        assert self.journal.mirrors(self.stores)

    def advance(self, watermark: int) -> None:
        expected = self.plain.advance(watermark)
        assert told(self.journal.advance(watermark, self.stores)) == told(expected)
        assert self.journal.mirrors(self.stores)
        self.events += in_json(events_of(expected))

    def reload(self) -> None:
        before = self.journal.detector.snapshot()
        self.journal = Journal.load(self.config, self.stores)
        assert self.journal.mirrors(self.stores)
        assert self.journal.detector.snapshot() == before

    def expire(self, moment: int) -> None:
        self.journal.expire(moment, self.stores)
        assert self.journal.mirrors(self.stores)

    def finish(self) -> None:
        self.advance(_END)
        assert in_json(self.journal.close_all()) == in_json(self.plain.close_all())


ARTICLES = st.tuples(
    st.sampled_from(["report"] * 6 + ["copy", "revision", "takedown"]),
    st.sampled_from("ab"),
    st.integers(0, 4),
    st.sampled_from([None, "x", "y"]),
)
# Up to a horizon and more, with articles of the far future among them.
GAPS = st.sampled_from([0, 0, 0, 1, 4, 30, 119, 120, 125, 250, 370, 490, 1000])
AHEAD = st.sampled_from([0] * 12 + [130, 260, 600, 3000])


def make(article: tuple[str, str, int, str | None], at: float, place: int) -> Sketch:
    kind, story, member, outlet = article
    made = sketch(
        story, member, at, outlet=outlet, version=kind == "revision", deleted=kind == "takedown", config=SHORT
    )
    made = msgspec.structs.replace(made, source=f"file:{place}")
    return msgspec.structs.replace(made, article_id=f"copy-{member}") if kind == "copy" else made


@given(
    st.lists(st.tuples(ARTICLES, GAPS, AHEAD, st.sampled_from(["", "", "advance", "advance", "reload"])), max_size=50),
    st.sampled_from([1, 3, 100_000]),
    st.integers(0, 60),
)
@settings(max_examples=200)
def test_a_journal_gives_what_the_plain_detector_gives(steps: list, most: int, lateness: int) -> None:
    host = Host(msgspec.structs.replace(SHORT, max_admissions=most))
    at = 0
    for place, (article, gap, ahead, then) in enumerate(steps):
        at += gap
        # Some come behind the watermark, down to the allowed lateness.
        host.observe(make(article, at + ahead - (lateness if place % 5 == 4 else 0), place))
        if then == "advance":
            host.advance(micros(at))
        elif then == "reload":
            host.reload()
    host.reload()
    host.finish()


@given(
    st.lists(st.tuples(ARTICLES, GAPS, st.sampled_from(["", "advance", "expire", "reload"])), max_size=40),
    st.sampled_from([2, 100_000]),
)
@settings(max_examples=150)
def test_expiry_keeps_stories_and_changes_no_event(steps: list, most: int) -> None:
    host = Host(msgspec.structs.replace(SHORT, max_admissions=most))
    at = 0
    for place, (article, gap, then) in enumerate(steps):
        at += gap
        host.observe(make(article, at, place))
        if then == "expire":
            at += 10
            host.advance(micros(at))
            at += gap
            host.expire(micros(at))
            at += 5
        elif then == "advance":
            host.advance(micros(at))
        elif then == "reload":
            host.reload()
    host.reload()
    host.finish()


def test_expiry_waits_for_the_horizon_and_for_what_waits() -> None:
    host = Host(SHORT)
    for article in emerged():
        host.observe(article)
    host.expire(micros(10_000))
    assert num_bytes(host.stores) > 0
    host.advance(micros(5))
    expiry = host.journal.detector.ticks.expiry(micros(5))
    host.expire(expiry - 1)
    assert num_bytes(host.stores) > 0
    host.expire(expiry)
    assert num_bytes(host.stores) == 0
    assert host.journal.detector.core().num_live == 0
    host.reload()
    host.observe(sketch("other", 0, 2000))
    host.advance(_END)
    assert types(host.journal.close_all()) == []
    assert [EventType.CLOSED.value.encode() in event for event in host.events] == [False, True]


@given(st.data())
@settings(max_examples=100)
def test_a_write_that_fails_and_is_rolled_back_changes_no_event(data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.tuples(ARTICLES, GAPS, st.booleans(), st.integers(0, 6)), max_size=25))
    stores, journal, plain, outcomes, expected = new_stores(), Journal(SHORT), Detector(SHORT), [], []
    at = 0
    for place, (article, gap, advances, writes) in enumerate(steps):
        at += gap
        made = make(article, at, place)
        plain.observe(made)
        expected += plain.advance(micros(at)) if advances else []
        store = stores.core if place % 4 == 3 else stores.cell
        before = saved(stores)
        store.writes_until_failure = writes
        try:
            outcomes += bundle(journal, made, micros(at) if advances else None, stores)
        except Broken:
            roll_back(stores, before)
            journal = Journal.load(SHORT, stores)
            outcomes += bundle(journal, made, micros(at) if advances else None, stores)
        store.writes_until_failure = _END
    assert told(outcomes) == told(expected)
    assert told(journal.advance(_END, stores)) == told(plain.advance(_END))


def bundle(journal: Journal, article: Sketch, watermark: int | None, stores: Stores) -> list:
    journal.observe(article, stores)
    return [] if watermark is None else list(journal.advance(watermark, stores))


def test_a_bundle_that_is_repeated_from_restored_state_gives_the_same_again() -> None:
    stores, journal = new_stores(), Journal(SHORT)
    for place in range(40):
        article = sketch("quake", place, 37 * place, config=SHORT)
        before = saved(stores)
        first = told(bundle(journal, article, micros(37 * place), stores))
        after = saved(stores)
        roll_back(stores, before)
        assert not journal.mirrors(stores)
        journal = Journal.load(SHORT, stores)
        assert told(bundle(journal, article, micros(37 * place), stores)) == first
        assert saved(stores)[1] == after[1]
        assert journal.mirrors(stores)


def test_a_journal_mirrors_only_the_history_it_has_seen() -> None:
    stores, journal = new_stores(), Journal(SHORT)
    assert journal.is_empty
    assert journal.mirrors(stores)
    empty = saved(stores)
    journal.observe(sketch("quake"), stores)
    assert not journal.is_empty
    one = saved(stores)
    roll_back(stores, empty)
    assert not journal.mirrors(stores)
    # As many articles, but another one.
    Journal.load(SHORT, stores).observe(sketch("flood"), stores)
    assert not journal.mirrors(stores)
    roll_back(stores, one)
    assert journal.mirrors(stores)
    stores.clear()
    assert not journal.mirrors(stores)
    assert Journal.load(SHORT, stores).is_empty


def test_a_late_article_that_waits_survives_a_reload() -> None:
    host = Host(SHORT)
    for article in [*emerged(at=60), sketch("quake", 3, 10)]:
        host.observe(article)
        if article.article_id == "quake-2":
            host.advance(_END)
    host.reload()
    host.reload()
    assert host.journal.detector.next_tick() == host.plain.mark
    host.finish()


def test_the_same_sketch_may_be_observed_twice() -> None:
    host = Host(SHORT)
    article = sketch("quake")
    host.observe(article)
    host.observe(article)
    host.finish()


@pytest.mark.parametrize("gap", [1, 4, 40, 100, 130, 250, 300, 400, 480, 600, 5000])
@pytest.mark.parametrize("far", [None, 0, 10**7])
def test_stored_bytes_are_bounded_in_a_stream_without_end(gap: int, far: int | None) -> None:
    host = Host(SHORT)
    if far is not None:
        host.observe(sketch("far", 0, far, config=SHORT))
    at = 0
    for place in range(max(200, 1500 // gap)):
        at += gap
        host.observe(sketch(place // 3 % 5, place % 7, at, version=place, config=SHORT))
        host.advance(micros(at))
        if place % 50 == 49:
            host.reload()
    # A horizon is live, and up to two generations beside it wait to be cleared with their bags.
    num_live = 5 * 120 / gap + 5
    num_stored = sum(len(bag.elements) for bag in host.stores.bags)
    assert num_stored <= 2 * num_live + 4
    assert host.journal.detector.core().num_live <= num_live


def test_a_replay_that_is_all_future_when_it_begins_is_emptied_as_it_goes() -> None:
    host = Host(SHORT)
    for place in range(600):
        host.observe(sketch(place // 3 % 5, place % 7, 30 * place, version=place, config=SHORT))
    assert len(host.stores.bags[NUM_GENERATION_BAGS].elements) == 600
    for place in range(0, 600, 20):
        host.advance(micros(30 * place))
        if place % 100 == 0:
            host.reload()
        waiting = 600 - place
        assert sum(len(bag.elements) for bag in host.stores.bags) <= 2 * waiting + 150
    host.finish()


def _with_rules(reports: int, ladder: tuple[int, ...] = (5, 10)) -> DetectionConfig:
    stories = msgspec.structs.replace(SHORT.stories, emerge_reports=reports, growth_ladder=ladder)
    return msgspec.structs.replace(SHORT, stories=stories)


@pytest.mark.parametrize("num_before", [2, 3, 4])
def test_new_rules_of_emergence_go_on_with_the_stories_and_what_was_told_of_them(num_before: int) -> None:
    old, new = _with_rules(3), _with_rules(4, (6,))
    stores = new_stores()
    journal = Journal(old)
    before = []
    for member in range(num_before):
        journal.observe(make(("report", "a", member, None), member * 10.0, member), stores)
        before += events_of(list(journal.advance(micros(member * 10.0 + 5), stores)))
    assert len(before) == (num_before >= 3)
    journal = Journal.load(new, stores)
    after = []
    for member in range(num_before, 7):
        journal.observe(make(("report", "a", member, None), member * 10.0, member), stores)
        after += events_of(list(journal.advance(micros(member * 10.0 + 5), stores)))
        # Whenever it is rebuilt, also in the generation in which the rules changed.
        journal = Journal.load(new, stores)
        assert journal.mirrors(stores)
    told_all = before + after
    assert [event.type for event in told_all] == [EventType.EMERGED, EventType.GREW]
    assert [event.num_reports for event in told_all] == [3 if num_before >= 3 else 4, 6]
    assert [event.revision for event in told_all] == [1, 2]
    assert len({event.story_id for event in told_all}) == 1


def test_state_made_under_another_shape_is_refused() -> None:
    stores = new_stores()
    Journal(SHORT).observe(make(("report", "a", 0, None), 0.0, 0), stores)
    other = msgspec.structs.replace(
        SHORT, copies=msgspec.structs.replace(SHORT.copies, threshold=SHORT.copies.threshold / 2)
    )
    with pytest.raises(OtherDetection, match=r"only stories\.emerge_reports.*put the old values back"):
        Journal.load(other, stores)


def test_state_older_than_the_fingerprint_is_taken_over() -> None:
    stores = new_stores()
    journal = Journal(SHORT)
    journal.observe(make(("report", "a", 0, None), 0.0, 0), stores)
    cell = msgspec.msgpack.decode(stores.cell.value[1:])
    stores.cell.value = stores.cell.value[:1] + msgspec.msgpack.encode(cell[:5])
    assert Journal.load(SHORT, stores).detector.snapshot() == journal.detector.snapshot()
