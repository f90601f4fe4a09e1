"""The life of stories, from the first report to the last event."""

from collections import Counter
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import DetectionConfig
from pipeline.detection.clock import to_micros
from pipeline.detection.codec import encode
from pipeline.detection.detector import Detector, Outcome
from pipeline.detection.lifecycle import MENTIONS_PER_EVENT
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.records import Article, EventType, Role, StoryEvent, StoryStatus
from tests.detection.making import (
    BASE,
    CONFIG,
    HORIZON,
    TICK,
    copy_of,
    decide,
    emerged,
    events_of,
    in_json,
    micros,
    roles,
    run,
    sketch,
    streams,
    told,
    types,
    word,
)


def with_stories(config: DetectionConfig = CONFIG, **changes: object) -> DetectionConfig:
    return msgspec.structs.replace(config, stories=msgspec.structs.replace(config.stories, **changes))


# Order and grouping


@pytest.mark.parametrize(("factor", "is_apart"), [(0.0, False), (2.0, True)])
def test_what_is_like_a_whole_crowd_belongs_to_none_of_it(factor: float, is_apart: bool) -> None:
    config = with_stories(bands=256, micro_threshold=0.2, micro_crowd_factor=factor)

    def about(*names: str) -> Sketch:
        text = " ".join(word("story", name, place) for place in range(12) for name in names)
        return sketch_article(Article(id="".join(names), title="", text=text, observed_at=BASE, language="en"), config)

    roundup = msgspec.structs.replace(about(*"abcde"), observed_at=micros(1))
    _, outcomes = run([*map(about, "abcde"), roundup], config)
    stories = Counter(one.story_id for outcome in outcomes for one in outcome.assignments())
    assert max(stories.values()) == (1 if is_apart else 2)


@given(st.data())
def test_order_of_arrival_never_matters(data: st.DataObject) -> None:
    articles = data.draw(streams())
    permuted = data.draw(st.permutations(articles))
    events, outcomes = run(articles, close_all=True)
    events_again, outcomes_again = run(permuted, close_all=True)
    assert in_json(events) == in_json(events_again)
    assert told(outcomes) == told(outcomes_again)


@given(streams(), st.lists(st.integers(0, 5000), max_size=12))
def test_how_calls_of_advance_are_spaced_never_matters(articles: list[Sketch], moments: list[int]) -> None:
    at_once, spaced = Detector(CONFIG), Detector(CONFIG)
    for article in articles:
        at_once.observe(article)
        spaced.observe(article)
    outcomes = []
    for moment in sorted(moments):
        outcomes += spaced.advance(micros(moment))
    assert told(outcomes + decide(spaced)) == told(decide(at_once))
    assert spaced.snapshot() == at_once.snapshot()


@given(streams())
def test_a_watermark_behind_every_article_makes_no_difference(articles: list[Sketch]) -> None:
    # As live: an article comes, then the watermark passes the ticks before it.
    detector = Detector(CONFIG)
    outcomes = []
    for article in articles:
        detector.observe(article)
        outcomes += detector.advance(article.observed_at)
    assert told(outcomes + decide(detector)) == told(run(articles)[1])


@given(streams())
def test_working_out_ahead_changes_nothing(articles: list[Sketch]) -> None:
    plain, ahead = Detector(CONFIG), Detector(CONFIG)
    for article in articles:
        plain.observe(article)
        ahead.observe(article)
        ahead.prepare()
    assert told(decide(ahead)) == told(decide(plain))
    assert ahead.snapshot() == plain.snapshot()


def test_a_tick_is_decided_when_the_watermark_passes_its_end() -> None:
    detector = Detector(CONFIG)
    assert detector.observe(sketch("quake", at=7)) == micros(10)
    assert detector.next_tick() == micros(10)
    assert detector.advance(micros(10) - 1) == []
    assert [outcome.tick for outcome in detector.advance(micros(10))] == [micros(10)]
    assert detector.next_tick() is None


def test_an_article_on_the_border_of_two_ticks_belongs_to_the_second() -> None:
    assert Detector(CONFIG).observe(sketch("quake", at=10)) == micros(15)


# Emergence and growth


def test_a_story_emerges_with_its_third_report() -> None:
    detector = Detector(CONFIG)
    first, second, third = emerged()
    assert events_of(decide(detector, first)) == []
    assert events_of(decide(detector, msgspec.structs.replace(second, observed_at=micros(60)))) == []
    (event,) = events_of(decide(detector, msgspec.structs.replace(third, observed_at=micros(120))))
    assert event.type is EventType.EMERGED
    assert event.status is StoryStatus.ACTIVE
    assert (event.revision, event.num_reports, event.num_copies, event.num_outlets) == (1, 3, 0, 3)
    assert [mention.article_id for mention in event.mentions] == ["quake-0", "quake-1", "quake-2"]
    assert event.time == event.last_seen == datetime(2024, 1, 1, 0, 2, tzinfo=UTC)
    assert event.first_seen == BASE
    assert event.headline in {first.title, second.title, third.title}
    assert event.keywords
    assert event.velocity_per_hour == 3.0


@pytest.mark.parametrize(
    ("outlets", "emerges"),
    [(["x", "x", "x"], False), (["x", "x", "y"], True), (["x", "x", None], True), ([None] * 3, True)],
)
def test_emergence_needs_two_outlets_and_unknown_ones_count_one_by_one(outlets: list, emerges: bool) -> None:
    events, _ = run([sketch("quake", member, outlet=outlet) for member, outlet in enumerate(outlets)])
    assert types(events) == [EventType.EMERGED] * emerges


def test_a_copy_does_not_count_as_a_report() -> None:
    original = sketch("quake", outlet="x")
    copies = [copy_of(original, f"copy-{place}", place, outlet=f"copier{place}") for place in range(1, 9)]
    events, outcomes = run([original, *copies])
    assert events == []
    assert Counter(roles(outcomes)) == {Role.REPORT: 1, Role.COPY: 8}
    more = [sketch("quake", member, 60, outlet="y") for member in (1, 2)]
    (event,) = run([original, *copies, *more])[0]
    assert (event.num_reports, event.num_copies, event.num_outlets) == (3, 8, 2)


def test_stories_of_different_words_stay_apart() -> None:
    events, _ = run([*emerged("quake"), *emerged("flood", 1)])
    assert types(events) == [EventType.EMERGED] * 2
    assert {mention.article_id[:5] for mention in events[0].mentions} == {events[0].mentions[0].article_id[:5]}


def test_articles_without_words_are_no_copies_of_each_other() -> None:
    wordless = sketch("quake", terms=sketch("quake", deleted=True).terms)
    wordless = msgspec.structs.replace(wordless, copy_signature=sketch("quake", deleted=True).copy_signature)
    _, outcomes = run([msgspec.structs.replace(wordless, article_id=str(number)) for number in range(3)])
    assert roles(outcomes) == [Role.REPORT] * 3
    assert len({placement.story_id for outcome in outcomes for _, placement in outcome.placed}) == 3


def test_a_story_grows_at_each_rung_and_one_event_tells_several_rungs() -> None:
    one_by_one = [sketch("quake", member, 60 * member) for member in range(9)]
    assert [(event.type.name, event.num_reports) for event in run(one_by_one)[0]] == [
        ("EMERGED", 3),
        ("GREW", 5),
        ("GREW", 8),
    ]
    at_once = emerged() + [sketch("quake", member, 60) for member in range(3, 12)]
    assert [(event.type.name, event.num_reports) for event in run(at_once)[0]] == [("EMERGED", 3), ("GREW", 12)]


def test_a_story_that_emerges_beyond_a_rung_does_not_grow_at_once() -> None:
    articles = [sketch("quake", member) for member in range(6)] + [sketch("quake", 6, 60)]
    assert [(event.type.name, event.num_reports) for event in run(articles)[0]] == [("EMERGED", 6)]


@given(streams())
def test_a_tick_tells_a_story_once_at_most(articles: list[Sketch]) -> None:
    for outcome in run(articles)[1]:
        of_active = [event.story_id for event in outcome.events]
        assert len(of_active) == len(set(of_active))


# Closing


def test_a_story_closes_when_the_horizon_has_passed_and_another_article_shows_it() -> None:
    still_open = sketch("other", 0, HORIZON - 1)
    closing = sketch("other", 1, HORIZON + 4 * TICK + 1)
    events, outcomes = run([*emerged(), still_open, closing])
    assert types(events) == [EventType.EMERGED, EventType.CLOSED]
    assert outcomes[-1].events == [events[1]]
    # It closes at the beginning of the tick that shows it.
    assert events[1].time == datetime(2024, 1, 1, 1, 0, 20, tzinfo=UTC)
    assert events[1].status is StoryStatus.CLOSED
    assert (events[1].revision, events[1].num_reports) == (2, 3)
    assert events[1].headline


def test_a_story_is_open_until_the_horizon_has_passed_to_the_tick() -> None:
    events, _ = run([*emerged(at=4), sketch("other", 0, HORIZON + 4)])
    assert types(events) == [EventType.EMERGED]
    events, _ = run([*emerged(at=4), sketch("other", 0, HORIZON + 5)])
    assert types(events) == [EventType.EMERGED, EventType.CLOSED]


def test_reports_and_copies_keep_a_story_open() -> None:
    articles = emerged()
    for step in range(1, 5):
        articles.append(copy_of(articles[0], f"copy-{step}", step * HORIZON / 2))
    events, _ = run(articles)
    assert types(events) == [EventType.EMERGED]


def test_a_report_after_the_closing_founds_a_new_story() -> None:
    events, _ = run(emerged() + [sketch("quake", member, 3 * HORIZON + 1) for member in range(3, 6)])
    assert types(events) == [EventType.EMERGED, EventType.CLOSED, EventType.EMERGED]
    assert events[0].story_id == events[1].story_id != events[2].story_id


def test_a_story_that_never_emerged_goes_silently() -> None:
    events, _ = run([sketch("quake"), sketch("other", 0, 3 * HORIZON)], close_all=True)
    assert events == []


def test_all_can_be_closed_at_the_end() -> None:
    events, _ = run([*emerged("quake"), *emerged("flood", 7)], close_all=True)
    closed = [event for event in events if event.type is EventType.CLOSED]
    assert len(closed) == 2
    assert {event.time for event in closed} == {datetime(2024, 1, 1, 0, 0, 10, tzinfo=UTC)}


def test_closing_all_of_nothing_gives_nothing() -> None:
    assert Detector(CONFIG).close_all() == []


def test_a_story_that_comes_late_is_open_for_a_horizon_from_then_on() -> None:
    detector = Detector(CONFIG)
    # Takedowns of nothing move the time and leave no story that could stand before the late one.
    decide(detector, sketch("nothing", 0, 1000, deleted=True))
    assert types(events_of(decide(detector, *emerged(at=10)))) == [EventType.EMERGED]
    assert events_of(decide(detector, sketch("nothing", 0, HORIZON + 900, deleted=True))) == []
    events = events_of(decide(detector, sketch("nothing", 0, HORIZON + 1010, deleted=True)))
    assert types(events) == [EventType.CLOSED]


# Revisions, repeats and takedowns


def test_a_revision_replaces_and_does_not_grow() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged(), sketch("quake", 3, 0))
    revisions = [sketch("quake", member, 60, outlet="x", version=1) for member in range(4)]
    outcomes = decide(detector, *revisions)
    assert roles(outcomes) == [Role.REVISION] * 4
    assert events_of(outcomes) == []
    (event,) = detector.close_all()
    assert event.num_reports == 4
    assert [mention.role for mention in event.mentions] == [Role.REVISION] * 4
    assert event.headline in {revision.title for revision in revisions}


def test_a_revision_moves_its_report_to_the_outlet_it_names() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    decide(detector, sketch("quake", 0, 60, outlet="outlet1", version=1), sketch("quake", 2, 60, version=1))
    (event,) = events_of(decide(detector, sketch("quake", 0, 120, deleted=True)))
    assert (event.num_reports, event.num_outlets) == (2, 2)
    (event,) = events_of(decide(detector, sketch("quake", 1, 180, deleted=True)))
    assert (event.num_reports, event.num_outlets) == (1, 1)
    (event,) = events_of(decide(detector, sketch("quake", 2, 240, deleted=True)))
    assert (event.num_reports, event.num_outlets) == (0, 0)


def test_a_repeat_changes_nothing() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    before = detector.core()
    stories = encode(before.stories)
    outcomes = decide(detector, *emerged(at=60))
    assert roles(outcomes) == [Role.REPEAT] * 3
    assert events_of(outcomes) == []
    assert encode(detector.core().stories) == stories
    assert detector.core().term_counts.tolist() == before.term_counts.tolist()
    assert detector.core().num_live == before.num_live


def test_a_takedown_lowers_the_counts_and_is_told_as_a_correction() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged(), copy_of(emerged()[0], "copy", 1))
    (event,) = events_of(decide(detector, sketch("quake", 1, 60, deleted=True)))
    assert (event.type, event.status) == (EventType.CORRECTED, StoryStatus.ACTIVE)
    assert (event.num_reports, event.num_copies, event.num_outlets) == (2, 1, 2)
    assert [(mention.article_id, mention.role) for mention in event.mentions] == [("quake-1", Role.TAKEDOWN)]
    assert event.headline != emerged()[1].title
    (event,) = events_of(decide(detector, sketch("x", 0, 120, deleted=True, article_id="copy")))
    assert (event.num_reports, event.num_copies) == (2, 0)


def test_a_story_that_loses_its_last_report_is_withdrawn_and_over() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    events = events_of(decide(detector, *[sketch("quake", member, 60, deleted=True) for member in range(3)]))
    assert [(event.type, event.status) for event in events] == [(EventType.CORRECTED, StoryStatus.WITHDRAWN)]
    assert (events[0].num_reports, events[0].num_outlets, events[0].velocity_per_hour) == (0, 0, 0.0)
    assert detector.close_all() == []
    assert events_of(decide(detector, sketch("quake", 7, 120))) == []


def test_a_story_without_reports_admits_nothing_in_the_same_tick() -> None:
    detector = Detector(CONFIG)
    decide(detector, sketch("quake", 0))
    # The idf moves in between, so what the takedown takes out is not what went in.
    decide(detector, *[sketch(f"other{number}", 0, 10) for number in range(300)])
    outcomes = decide(detector, sketch("quake", 0, 20, deleted=True), sketch("quake", 1, 21))
    _, (_, after) = outcomes[0].placed
    assert after.role is Role.REPORT
    assert after.similarity is None


def test_a_takedown_of_what_is_not_known_changes_nothing() -> None:
    detector = Detector(CONFIG)
    outcomes = decide(detector, sketch("quake", deleted=True))
    (assignment,) = outcomes[0].assignments()
    assert (assignment.role, assignment.story_id) == (Role.TAKEDOWN, None)
    assert detector.core().stories == []
    assert detector.core().num_live == 0


def test_an_id_that_was_taken_down_may_come_back_as_new() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    decide(detector, sketch("quake", 0, 60, deleted=True))
    outcomes = decide(detector, sketch("other", 0, 120, article_id="quake-0"))
    assert roles(outcomes) == [Role.REPORT]
    outcomes = decide(detector, sketch("other", 0, 180, article_id="quake-0", version=1))
    assert roles(outcomes) == [Role.REVISION]


def test_a_takedown_at_the_time_of_its_article_comes_after_it() -> None:
    # An archive dates both by `published_at`.
    for version in range(4):
        _, outcomes = run([sketch("quake", version=version, deleted=False), sketch("quake", deleted=True)])
        assert roles(outcomes) == [Role.REPORT, Role.TAKEDOWN]


def test_revision_and_takedown_of_an_article_whose_story_is_closed_leave_no_trace_in_term_counts() -> None:
    # The horizon of articles ends with a generation, up to a third of it after that of the story.
    detector = Detector(CONFIG)
    decide(detector, sketch("quake", 0, HORIZON / 3 - 10), sketch("quake", 1, 10))
    decide(detector, sketch("other", 0, HORIZON + HORIZON / 3 - 5))
    outcomes = decide(
        detector,
        sketch("quake", 0, HORIZON + HORIZON / 3 - 4, version=1),
        sketch("quake", 1, HORIZON + HORIZON / 3 - 4, deleted=True),
    )
    assert roles(outcomes) == [Role.REVISION, Role.TAKEDOWN]
    decide(detector, sketch("last", 0, 9 * HORIZON, deleted=True))
    assert detector.core().num_live == 0
    assert detector.core().num_reports == 0
    assert detector.core().term_counts.size == 0


# Lateness


def test_a_late_article_is_decided_in_the_last_tick_and_marked() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged(at=600))
    late = sketch("quake", 3, 60)
    assert detector.is_late(late)
    assert not detector.is_too_late(late)
    assert detector.observe(late) == detector.mark
    outcomes = detector.advance(detector.mark or 0)
    assert [outcome.tick for outcome in outcomes] == [micros(605)]
    (event,) = detector.close_all()
    assert [(mention.article_id, mention.late) for mention in event.mentions] == [("quake-3", True)]
    assert event.last_seen == datetime(2024, 1, 1, 0, 10, tzinfo=UTC)
    assert event.velocity_per_hour == 4.0


def test_an_article_beyond_the_allowed_lateness_is_too_late() -> None:
    detector = Detector(CONFIG)
    assert not detector.is_late(sketch("quake"))
    decide(detector, sketch("quake", 0, 7200))
    assert not detector.is_too_late(sketch("quake", 1, 7200 - 1795))
    assert detector.is_too_late(sketch("quake", 1, 7200 - 1801))


def test_a_late_report_does_not_count_for_the_last_hour_if_it_is_older() -> None:
    config = msgspec.structs.replace(CONFIG, time=msgspec.structs.replace(CONFIG.time, allowed_lateness_hours=9.0))
    detector = Detector(config)
    decide(detector, *emerged(at=10_000))
    decide(detector, sketch("quake", 3, 100))
    assert detector.close_all()[0].velocity_per_hour == 3.0


def test_no_story_id_is_given_out_again_to_an_article_that_comes_late_a_second_time() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    first = decide(detector, *[sketch("quake", member, 60, deleted=True) for member in range(3)])
    again = decide(detector, *emerged())
    down = decide(detector, *[sketch("quake", member, 50, deleted=True) for member in range(3)])
    third = decide(detector, *emerged())
    ids = [events_of(outcomes)[0].id for outcomes in (first, again, down, third)]
    assert len({story.rpartition("-")[0] for story in ids}) == 3
    assert len(set(ids)) == 4


# What events tell


def check_revisions(events: list[StoryEvent]) -> None:
    revisions: dict[str, list[int]] = {}
    for event in events:
        revisions.setdefault(event.story_id, []).append(event.revision)
    for of_story in revisions.values():
        assert of_story == list(range(1, len(of_story) + 1))


def follow(events: list[StoryEvent]) -> dict[str, dict[str, Role]]:
    """Do what a consumer does: hold for each story the articles that its events told, checking their counts."""
    held: dict[str, dict[str, Role]] = {}
    for event in events:
        of_story = held.setdefault(event.story_id, {})
        if event.status is StoryStatus.MERGED:
            of_story.clear()
        for mention in event.mentions:
            if mention.role in (Role.TAKEDOWN, Role.MOVED):
                of_story.pop(mention.article_id, None)
            elif mention.role is not Role.REVISION:
                of_story[mention.article_id] = mention.role
        counts = Counter(of_story.values())
        assert (event.num_reports, event.num_copies) == (counts[Role.REPORT], counts[Role.COPY])
        assert 0 <= event.num_outlets <= event.num_reports
        assert event.first_seen <= event.last_seen <= event.time
    return held


def assigned(outcomes: list[Outcome]) -> dict[str, dict[str, Role]]:
    """Follow the assignments and the moves: which articles each story ends up with."""
    where: dict[str, tuple[str | None, str | None, Role]] = {}
    moved: dict[str | None, str] = {}
    for outcome in outcomes:
        for assignment in outcome.assignments():
            if assignment.role in (Role.REPORT, Role.COPY):
                where[assignment.article_id] = assignment.micro_id, assignment.story_id, assignment.role
            elif assignment.role is Role.TAKEDOWN:
                where.pop(assignment.article_id, None)
        moved |= {move.micro_id: move.story_id for move in outcome.all_moves()}
    found: dict[str, dict[str, Role]] = {}
    for article_id, (micro_id, story_id, role) in where.items():
        found.setdefault(moved.get(micro_id, story_id or ""), {})[article_id] = role
    return found


# An id is known for a horizon: sent again after that, it counts anew. So these streams are shorter.
@given(streams(steps=(0, 1, 5, 60), most=55))
@settings(max_examples=150)
def test_who_follows_the_events_holds_what_was_assigned(articles: list[Sketch]) -> None:
    events, outcomes = run(articles, close_all=True)
    check_revisions(events)
    held, expected = follow(events), assigned(outcomes)
    over = {event.story_id for event in events if event.status is StoryStatus.CLOSED}
    for story_id in over:
        assert held[story_id] == expected.get(story_id, {})


def test_mentions_beyond_what_an_event_can_carry_are_counted() -> None:
    original = sketch("quake")
    copies = [copy_of(original, f"copy-{place}", 1) for place in range(MENTIONS_PER_EVENT)]
    (event,) = run([original, *copies, sketch("quake", 1, 2), sketch("quake", 2, 2)])[0]
    assert len(event.mentions) == MENTIONS_PER_EVENT
    assert event.num_mentions_omitted == 3
    assert event.num_copies == MENTIONS_PER_EVENT


def test_a_mention_tells_why_the_article_is_there() -> None:
    detector = Detector(CONFIG)
    mixed = sketch("mixed", 0, 30)
    half = msgspec.structs.replace(
        mixed,
        terms=msgspec.structs.replace(
            mixed.terms,
            forms=sketch("quake").terms.forms[:12] + sketch("flood").terms.forms[:6],
            weights=mixed.terms.weights[:18],
            backgrounds=mixed.terms.backgrounds[:18],
        ),
    )
    decide(detector, *emerged("quake"), *emerged("flood", 10))
    outcomes = decide(detector, msgspec.structs.replace(half, article_id="both"))
    (_, placement), *_ = outcomes[0].placed
    assert len(detector.core().stories) >= 2
    assert placement.runner_up is not None
    if placement.similarity is not None:
        assert 0 < placement.runner_up.similarity <= placement.similarity <= 1
        assert set(placement.terms) <= set(sketch("quake").terms.forms)
    alike = decide(detector, sketch("quake", 5, 60))[0].placed[0].placement
    assert alike.similarity is not None
    assert alike.similarity > 0.6
    assert 0 < len(alike.terms) <= 8
    assert set(alike.terms) <= set(sketch("quake", 5).terms.forms)
    copied = decide(detector, copy_of(sketch("quake", 5), "copy", 90))[0].placed[0].placement
    assert (copied.role, copied.similarity) == (Role.COPY, 1.0)


@given(streams(steps=(0, 1, 5, 60), most=55))
def test_the_headline_is_the_title_of_a_live_report(articles: list[Sketch]) -> None:
    titles: dict[str, dict[str, str]] = {}
    for event in run(articles, close_all=True)[0]:
        of_story = titles.setdefault(event.story_id, {})
        for mention in event.mentions:
            if mention.role in (Role.TAKEDOWN, Role.MOVED):
                of_story.pop(mention.article_id, None)
            elif mention.role is Role.REPORT or mention.article_id in of_story:
                of_story[mention.article_id] = mention.title
        if event.status is StoryStatus.ACTIVE:
            assert event.headline in of_story.values()


def test_terms_cut_from_a_large_story_do_not_trouble_what_comes_after() -> None:
    # 40 reports of 64 terms outgrow the centre; then most are taken down, and new ones share what was cut.
    config = CONFIG
    detector = Detector(config)
    decide(detector, *[sketch("quake", member, member, config=config) for member in range(60)])
    decide(detector, *[sketch("quake", member, 100 + member, deleted=True, config=config) for member in range(50)])
    outcomes = decide(
        detector, *[sketch("quake", member, 200 + member, version=member % 2, config=config) for member in range(50)]
    )
    outcomes += decide(detector, *[sketch("quake", member, 300, version=1, config=config) for member in range(50)])
    assert all(placement.story_id for outcome in outcomes for _, placement in outcome.placed)
    (event,) = detector.close_all()
    assert event.num_reports == 60
    assert event.keywords


# Bounds


def test_the_number_of_findable_articles_is_bounded_and_what_goes_early_is_counted() -> None:
    config = msgspec.structs.replace(CONFIG, max_admissions=10)
    detector = Detector(config)
    num_early = 0
    for number in range(100):
        (outcome,) = decide(detector, sketch("quake", number, 10 * number, config=config))
        num_early += outcome.num_forgotten_early
        # The bound is kept when a tick begins.
        assert detector.core().num_live <= 11
    assert num_early == 100 - 11
    (event,) = detector.close_all()
    assert event.num_reports == 100
    assert int(detector.core().term_counts.astype(np.uint32).sum()) == 11 * 41


def test_a_bound_that_was_raised_holds_from_then_on() -> None:
    small = msgspec.structs.replace(CONFIG, max_admissions=3)
    before, after = Detector(small), Detector(CONFIG)
    for number in range(10):
        decide(before, sketch("quake", number, 10 * number))
    after.restore(before.snapshot())
    for number in range(10, 20):
        decide(after, sketch("quake", number, 10 * number))
    assert after.core().num_live == 14


@given(streams(steps=(0, 1, 5, 300, 2000), most=60), st.sampled_from([1, 3, 100_000]))
def test_nothing_is_left_when_the_horizon_has_passed(articles: list[Sketch], most: int) -> None:
    detector = Detector(msgspec.structs.replace(CONFIG, max_admissions=most))
    outcomes = decide(detector, *articles)
    last = max((article.observed_at for article in articles), default=0)
    far = msgspec.structs.replace(sketch("end", deleted=True), observed_at=last + micros(10**7) - micros(0))
    outcomes += decide(detector, far)
    core = detector.core()
    assert (core.num_live, core.num_reports, core.term_counts.size, core.stories) == (0, 0, 0, [])
    kept = sum(placement.kept_as is not None for outcome in outcomes for _, placement in outcome.placed)
    assert core.next_number == kept
    assert sum(outcome.num_forgotten_early for outcome in outcomes) <= kept


@pytest.mark.parametrize("year", [1, 1926, 1969, 1970, 2199, 9999])
def test_any_year_works(year: int) -> None:
    def moved(article: Sketch) -> Sketch:
        moment = to_micros(datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
        return msgspec.structs.replace(article, observed_at=moment)

    def as_stream(articles: list[Sketch]) -> list[bytes]:
        detector = Detector(CONFIG)
        for article in articles:
            detector.observe(moved(article))
        restored = Detector(CONFIG)
        restored.restore(detector.snapshot())
        events = events_of(decide(restored))
        again = Detector(CONFIG)
        again.restore(restored.snapshot())
        assert again.snapshot() == restored.snapshot()
        return in_json(events + again.close_all())

    emerging, closing = as_stream(emerged())
    assert f"{year:04}-12-31T23:59:59".encode() in emerging
    assert b"wirewatch.story.closed.v1" in closing
