"""Linkage: what makes two groups of reports one, and how micro-clusters are parted into stories."""

from zlib import crc32

import msgspec
import numpy as np
import pytest

from pipeline.config import StoryConfig
from pipeline.detection.grouping import Linkage, parted
from pipeline.detection.micro import Group, MicroCluster
from tests.detection.making import sketch_of, unit

FULL = 64
LINKAGE = Linkage(StoryConfig(), FULL)


def group(num_reports: int, cohesion: float, num_terms: int = FULL, crowding: float = 0.0) -> Group:
    num_pairs = num_reports * (num_reports - 1) / 2
    return Group(num_reports, cohesion * num_pairs, num_terms * num_reports, crowding * num_reports)


def micro(name: str, shared: dict[str, float], num_reports: int = 1) -> MicroCluster:
    """Make reports that share some terms, by weight, and have one term of their own each."""
    made = MicroCluster(name, 0, 0)
    for number in range(num_reports):
        own = f"x{crc32(f'{name}-{number}'.encode()) % 100_000:05}"
        sketch = sketch_of([*shared, own])
        made.add_report(unit(sketch.ids, np.array([*shared.values(), 1.0])), sketch)
    return made


def parts_of(micros: list[MicroCluster]) -> list[list[MicroCluster]]:
    return parted(micros, LINKAGE.partition(micros))


def names(parts: list[list[MicroCluster]]) -> list[list[str]]:
    return [[micro.id for micro in part] for part in parts]


def test_what_is_tight_asks_for_more_than_what_is_loose() -> None:
    loose, tight = group(10, 0.12), group(10, 0.4)
    assert LINKAGE.are_one(0.12, loose, loose)
    assert not LINKAGE.are_one(0.12, tight, tight)
    assert LINKAGE.are_one(0.4, tight, tight)


def test_a_lone_report_is_held_to_less_than_a_group() -> None:
    story = group(10, 0.4)
    assert LINKAGE.are_one(0.24, story, group(1, 0.0))
    assert not LINKAGE.are_one(0.24, story, group(10, 0.4))


def test_short_texts_need_to_share_less() -> None:
    assert not LINKAGE.are_one(0.15, group(10, 0.4), group(1, 0.0))
    assert LINKAGE.are_one(0.15, group(10, 0.4, num_terms=10), group(1, 0.0, num_terms=10))


def test_in_a_crowd_of_look_alikes_likeness_says_little() -> None:
    assert LINKAGE.are_one(0.15, group(5, 0.2), group(1, 0.0))
    assert not LINKAGE.are_one(0.15, group(5, 0.2, crowding=0.1), group(1, 0.0, crowding=0.1))


def test_the_order_of_two_groups_does_not_matter() -> None:
    groups = [group(1, 0.0), group(2, 0.3), group(30, 0.1, crowding=0.05), group(7, 0.5, num_terms=12)]
    for likeness in (0.05, 0.1, 0.2, 0.4):
        for first in groups:
            for second in groups:
                assert LINKAGE.are_one(likeness, first, second) == LINKAGE.are_one(likeness, second, first)


def test_look_alike_events_stay_apart_once_each_shows_how_close_its_own_reports_are() -> None:
    # Both are quakes; each has its own place and numbers, told in every report of it.
    first = [micro(f"first-{number}", {"quake": 0.9, "north": 1.5, "sixty": 1.5}) for number in range(4)]
    second = [micro(f"second-{number}", {"quake": 0.9, "south": 1.5, "eighty": 1.5}) for number in range(4)]
    assert names(parts_of([*first, *second])) == names([first, second])


def test_a_loose_affair_is_one_story_all_the_same() -> None:
    reports = [micro(f"affair-{number}", {"affair": 0.45}) for number in range(6)]
    likeness = reports[0].cosine(reports[1].centre)
    assert 0.1 < likeness < 0.2
    others = [micro(f"other-{number}", {"other": 0.45}) for number in range(6)]
    assert names(parts_of([*reports, *others])) == names([reports, others])


def test_a_partition_keeps_every_micro_cluster_in_its_order() -> None:
    micros = [micro(f"lone-{number}", {}) for number in range(5)]
    assert names(parts_of(micros)) == [[one.id] for one in micros]
    assert parts_of(micros[:1]) == [micros[:1]]


@pytest.mark.parametrize("factor", [0.0, 4.0])
def test_the_crowd_factor_is_configuration(factor: float) -> None:
    linkage = Linkage(msgspec.structs.replace(StoryConfig(), crowd_factor=factor), FULL)
    crowded = group(1, 0.0, crowding=0.05)
    assert linkage.are_one(0.15, group(5, 0.2, crowding=0.05), crowded) == (factor == 0.0)
