from datetime import UTC, datetime, timedelta

import pytest

from pipeline.evaluation.emergence import Delay, Emerged, emerged_in, summarise
from pipeline.records import EventType, Mention, Role, StoryEvent, StoryStatus

START = datetime(2024, 1, 1, tzinfo=UTC)
LABELS = {"a1": "a", "a2": "a", "a3": "a", "a4": "a", "b1": "b"}
IDS = ["b1", "a1", "x1", "a2", "a3", "x2", "a4"]
ARTICLES = [
    {"id": article_id, "observed_at": (START + timedelta(hours=hour)).isoformat()}
    for hour, article_id in enumerate(IDS)
]


def event(hour: float, *ids: str, type: EventType = EventType.EMERGED) -> StoryEvent:
    moment = START + timedelta(hours=hour)
    return StoryEvent(
        type=type,
        story_id="s",
        revision=1,
        time=moment,
        status=StoryStatus.ACTIVE,
        headline="",
        keywords=(),
        language="en",
        num_reports=len(ids),
        num_copies=0,
        num_outlets=len(ids),
        first_seen=moment,
        last_seen=moment,
        velocity_per_hour=0.0,
        mentions=tuple(Mention(article_id, Role.REPORT, moment) for article_id in ids),
    )


def test_the_delay_counts_the_storys_own_articles_and_time_from_the_first_of_them() -> None:
    emerged = emerged_in(LABELS, ARTICLES, [event(4, "a1", "a2", "x1")])

    # a1 came at 1 h, a3 at 4 h, and was put elsewhere.
    assert emerged == Emerged((Delay(3, timedelta(hours=3)),), num_labelled=2, num_told=1, num_false=0)


def test_only_the_first_event_of_a_label_counts() -> None:
    emerged = emerged_in(LABELS, ARTICLES, [event(3, "a1", "a2"), event(6, "a3", "a4")])

    assert [delay.num_articles for delay in emerged.delays] == [2]
    assert emerged.num_told == 2


def test_a_story_without_a_majority_is_nobodys() -> None:
    emerged = emerged_in(LABELS, ARTICLES, [event(3, "a1", "b1"), event(6, "a3", "x1")])

    assert (emerged.delays, emerged.num_false) == ((), 0)


def test_a_story_mostly_of_unlabelled_articles_is_false() -> None:
    assert emerged_in(LABELS, ARTICLES, [event(6, "a1", "x1", "x2")]).num_false == 1


def test_growth_is_no_emergence() -> None:
    assert emerged_in(LABELS, ARTICLES, [event(6, "a1", "a2", type=EventType.GREW)]).num_told == 0


def test_a_summary_pools_the_orders() -> None:
    runs = [
        Emerged((Delay(3, timedelta(hours=1)),), num_labelled=2, num_told=3, num_false=1),
        Emerged(
            (Delay(4, timedelta(hours=2)), Delay(13, timedelta(hours=12))), num_labelled=2, num_told=2, num_false=0
        ),
    ]
    emergence = summarise(runs)

    assert (emergence.share, emergence.false_share) == (3 / 4, 1 / 5)
    assert emergence.articles == pytest.approx((4, 4 + 0.8 * 9))
    assert emergence.hours == pytest.approx((2, 10))


def test_where_nothing_emerged_there_is_no_delay() -> None:
    emergence = summarise([Emerged((), num_labelled=2, num_told=0, num_false=0)])

    assert (emergence.share, emergence.false_share, emergence.articles, emergence.hours) == (0.0, 0.0, None, None)


def test_an_event_whose_articles_are_all_forgotten_is_passed_over() -> None:
    assert emerged_in(LABELS, ARTICLES, [event(6)]) == Emerged((), num_labelled=2, num_told=0, num_false=0)
