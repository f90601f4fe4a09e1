"""Which events a watchlist asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import RuleConfig
from pipeline.delivery.rules import Rule, Subject
from pipeline.records import EventType, Mention, Role
from tests.delivery.making import MORNING, event

LADDER = (5, 10, 20)


def fires(alerted: int | None = None, *, rule: dict[str, object] | None = None, **fields: object) -> bool:
    config = RuleConfig(name="rule", **(rule or {}))  # type: ignore[arg-type]
    return Rule(config).fires(Subject(event(**fields), LADDER), alerted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "title", "words"),
    [
        ("en", "Two ferries collide", "ferry"),
        ("en", "Port closed by strike", "strikes ports"),
        ("en", "Ministers meet Angela Merkel", "angela merkel"),
        ("de", "Fährunglück: Präsidentin reist an", "Präsident"),
        ("de", "Feuer in zwei Häusern", "Haus"),
        ("fr", "Le port de l'Élysée", "elysee"),
        ("fr", "La grève des ports", "grèves"),
        ("cs", "Zemětřesení zasáhlo přístav", "zemětřesením"),
        ("ru", "Президент прибыл в порт", "президента"),
        ("ru", "Забастовка в портах", "порт"),
        ("ja", "東京タワーで火災", "東京タワー"),
        ("und", "Präsidentin reist an", "prasident"),
    ],
)
def test_words_are_found_by_their_stems_in_any_language(language: str, title: str, words: str) -> None:
    bare = {"keywords": (), "mentions": (), "language": language}
    assert fires(title=title, rule={"words": ("nothing like it", words)}, **bare)
    assert not fires(title="Nothing happened here", rule={"words": (words,)}, **bare)


def test_what_only_begins_alike_is_another_word() -> None:
    bare = {"keywords": (), "mentions": ()}
    assert not fires(title="Portable bankers portrayed", rule={"words": ("port", "bank")}, **bare)


def test_an_entry_of_several_words_needs_all_of_them() -> None:
    assert fires(rule={"words": ("Grey Heron",)})
    assert not fires(rule={"words": ("Grey Gull",)})


@pytest.mark.parametrize(
    ("rule", "is_met"),
    [
        ({"types": ("emerged",)}, True),
        ({"types": ("closed", "surged")}, False),
        ({"outlets": ("HARBOUR post",)}, True),
        ({"outlets": ("Harbour",)}, False),
        ({"languages": ("cs", "en")}, True),
        ({"languages": ("cs",)}, False),
        ({"min_reports": 3, "min_copies": 1, "min_outlets": 2}, True),
        ({"min_reports": 4}, False),
        ({"min_copies": 2}, False),
        ({"min_outlets": 3}, False),
        ({"min_surge_score": 1.5}, False),
    ],
)
def test_every_condition_must_hold(rule: dict[str, object], is_met: bool) -> None:
    assert fires(rule=rule) is is_met


def test_a_surge_score_that_is_reached_is_enough() -> None:
    assert fires(type=EventType.SURGED, surge_score=1.5, rule={"min_surge_score": 1.5})


@given(st.lists(st.tuples(st.sampled_from([EventType.GREW, EventType.SURGED]), st.integers(3, 30)), max_size=30))
def test_a_rule_alerts_once_for_each_rung_that_a_story_climbs(events: list[tuple[EventType, int]]) -> None:
    rule = Rule(RuleConfig(name="rule"))
    alerted: int | None = None
    rungs = []
    for kind, num_reports in events:
        subject = Subject(event(type=kind, num_reports=num_reports), LADDER)
        if rule.fires(subject, alerted):
            alerted = subject.rung
            rungs.append(subject.rung)
    assert rungs == sorted(set(rungs))
    if events:
        assert rungs[-1] == max(sum(rung <= num_reports for rung in LADDER) for _, num_reports in events)


def test_a_correction_is_told_whatever_rung_was_alerted() -> None:
    assert fires(3, type=EventType.CORRECTED, num_reports=3, rule={"types": ("corrected",)})


def test_how_a_story_goes_on_is_told_to_whom_it_was_told_before_though_nothing_is_left_to_match() -> None:
    wanted = {"types": ("emerged", "merged", "corrected"), "min_reports": 3, "outlets": ("Harbour Post",)}
    over: dict[str, object] = {"type": EventType.MERGED, "num_reports": 0, "mentions": ()}
    assert fires(1, rule=wanted, **over)
    assert not fires(None, rule=wanted, **over)
    assert not fires(1, rule=wanted | {"types": ("emerged",)}, **over)


def test_an_article_that_moved_away_matches_no_rule() -> None:
    away = Mention("a", Role.MOVED, MORNING, "Whales strand", "Coast News", moved_to="0" * 16)
    corrected: dict[str, object] = {"type": EventType.CORRECTED, "mentions": (away,)}
    assert fires(rule={"types": ("corrected",)}, **corrected)
    assert not fires(rule={"types": ("corrected",), "words": ("whales",)}, **corrected)
    assert not fires(rule={"types": ("corrected",), "outlets": ("Coast News",)}, **corrected)
