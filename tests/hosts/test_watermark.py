"""How far event time has come."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.hosts.embedded.watermark import Watermark

BOTH = ["a", "b"]


def test_the_slowest_partition_holds_it() -> None:
    watermark = Watermark(delay=5, idle=10)
    watermark.see("a", 100, now=1000)
    watermark.see("b", 40, now=1000)
    assert watermark.advance(BOTH, {}, now=1000) == 35


def test_a_partition_that_is_only_slow_to_answer_is_not_left_out() -> None:
    watermark = Watermark(delay=0, idle=10)
    watermark.see("a", 100, now=1000)
    assert watermark.advance(BOTH, {}, now=10**9) is None
    assert watermark.advance(BOTH, {"b": 10**9 - 9}, now=10**9) is None
    assert watermark.advance(BOTH, {"b": 10**9 - 10}, now=10**9) == 100


def test_when_all_are_silent_it_follows_the_clock_at_a_distance() -> None:
    watermark = Watermark(delay=5, idle=10)
    watermark.see("a", 100, now=100)
    assert watermark.advance(["a"], {"a": 100}, now=109) == 95
    assert watermark.advance(["a"], {"a": 100}, now=110) == 95
    assert watermark.advance(["a"], {"a": 100}, now=150) == 135


def test_in_archive_mode_no_partition_is_left_out() -> None:
    watermark = Watermark(delay=0, idle=None)
    watermark.see("a", 100, now=1000)
    assert watermark.advance(BOTH, {"a": 0, "b": 0}, now=10**9) is None
    watermark.see("b", 70, now=1000)
    assert watermark.advance(BOTH, {"a": 0, "b": 0}, now=10**9) == 70


def test_an_article_from_next_year_does_not_make_all_others_late() -> None:
    watermark = Watermark(delay=0, idle=None)
    watermark.see("a", 10**15, now=500)
    assert watermark.advance(["a"], {}, now=500) == 500


def test_without_any_partition_there_is_none() -> None:
    assert Watermark(delay=0, idle=10).advance([], {}, now=10**9) is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100), st.booleans())))
def test_it_never_goes_back_and_a_restart_changes_nothing(steps: list[tuple[str, int, bool]]) -> None:
    going, values, now = Watermark(delay=3, idle=5), [-(10**9)], 0
    restarted = going
    for partition, moment, is_silent in steps:
        now += 2
        for each in (going, restarted):
            each.see(partition, moment, now)
        silent = {"b": now - 5} if is_silent else {}
        value = going.advance(BOTH, silent, now)
        assert restarted.advance(BOTH, silent, now) == value
        restarted = Watermark(delay=3, idle=5, value=restarted.value, newest=restarted.newest)
        values.append(-(10**9) if value is None else value)
    assert values == sorted(values)
