"""Surges on synthetic streams with known bursts: how soon they are seen, and how often where there is none."""

import random
from itertools import takewhile

from pipeline.detection.pulse import Pulse

HOUR = 3_600_000_000
SCORE = 3.0
NOISE = 2.0


def arrivals(seed: int, per_hour: float, begin: float, end: float) -> list[int]:
    """Draw a Poisson stream of event times between two hours."""
    chance = random.Random(seed)
    moments, now = [], begin
    while (now := now + chance.expovariate(per_hour)) < end:
        moments.append(int(now * HOUR))
    return moments


def alarms(moments: list[int], swell: float = 1.0) -> list[int]:
    """Give the moments at which a surge begins; one ends at half the score."""
    pulse = Pulse.begin(moments[0])
    found, above = [], False
    for moment in moments:
        pulse.beat(moment)
        score = pulse.surge(swell, NOISE) if pulse.is_settled else 0.0
        if score >= SCORE and not above:
            found.append(moment)
        above = score >= (SCORE / 2 if above else SCORE)
    return found


def test_a_steady_story_hardly_ever_surges() -> None:
    # 40 stories of each rate, 48 hours each, make 320 story-days.
    steady = [arrivals(seed, per_hour, 0, 48) for per_hour in (1, 4, 20, 100) for seed in range(40)]
    assert sum(len(alarms(moments)) for moments in steady) <= 3, "more than one false alarm in a hundred story-days"


def test_a_tenfold_burst_is_seen_within_the_hour() -> None:
    delays = []
    for seed in range(40):
        quiet, burst = arrivals(seed, 4, 0, 24), arrivals(1000 + seed, 40, 24, 27)
        found = alarms(quiet + burst)
        assert found
        assert found[0] >= 24 * HOUR
        delays.append((found[0] / HOUR - 24) * 60)
    assert min(delays) > 0
    assert sorted(delays)[-4] < 40, "nine in ten within forty minutes"
    assert sorted(delays)[len(delays) // 2] < 30, "half of them within thirty"


def test_what_swells_with_all_news_is_no_surge() -> None:
    moments = arrivals(1, 10, 0, 24) + arrivals(2, 60, 24, 26)
    assert alarms(moments)
    assert not alarms(moments, swell=6.0)


def test_a_story_without_a_past_does_not_surge() -> None:
    first_hour = arrivals(3, 200, 0, 1)
    assert not alarms(first_hour)


def test_a_past_fades_and_a_long_silence_costs_no_more_than_it() -> None:
    pulse = Pulse.begin(0)
    for moment in arrivals(4, 50, 0, 24):
        pulse.beat(moment)
    busy = pulse.mean
    pulse.beat(10_000 * HOUR)
    assert busy > 30
    assert pulse.mean < busy / 500
    assert pulse.rate == 1


def test_what_comes_late_counts_where_the_pulse_stands() -> None:
    pulse = Pulse.begin(0)
    pulse.beat(5 * HOUR)
    slot = pulse.slot
    pulse.beat(0)
    assert (pulse.slot, pulse.rate) == (slot, 2)
    assert list(takewhile(lambda count: not count, pulse.counts)) == [0] * 11
