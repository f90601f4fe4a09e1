"""A micro-cluster's centre, when reports leave it that are no longer wholly in it."""

import pytest

from pipeline.detection.micro import MicroCluster
from pipeline.detection.sketch import Sketch
from pipeline.detection.vectors import Vector, dot, unit
from tests.detection.making import sketch_of


def report(number: int, *names: str) -> tuple[Vector, Sketch]:
    """Make a report of one stem that all share and 63 of its own."""
    sketch = sketch_of(
        ["shared", *(f"w{number:02}x{place:02}" for place in range(63))],
        outlet="outlet",
        observed_at=number,
        names=names,
    )
    return unit(sketch.stems, [1.0] * 64), sketch


def micro_of(num_reports: int) -> MicroCluster:
    micro = MicroCluster("id", 0, 0)
    for number in range(num_reports):
        micro.add_report(*report(number))
    return micro


def test_the_pairs_are_summed_as_reports_come() -> None:
    micro = micro_of(5)
    assert micro.pair_sum == pytest.approx(10 * dot(report(0)[0], report(1)[0]))
    assert micro.cosine(report(0)[0]) == pytest.approx((1 + 4 / 64) / (5 + 20 / 64) ** 0.5)


def test_a_large_centre_is_cut_to_its_weightiest_stems() -> None:
    micro = micro_of(20)
    assert len(micro.centre) <= 512
    assert micro.centre.keys() == micro.forms.keys()


def test_what_was_cut_is_not_taken_out_a_second_time() -> None:
    micro = micro_of(20)
    for number in range(19):
        micro.remove_report(*report(number))
    assert min(micro.centre.values()) > 0
    assert micro.centre.keys() == micro.forms.keys()
    assert micro.pair_sum >= 0
    assert 0 < micro.cosine(report(19)[0]) <= 1 + 1e-9


def test_a_micro_cluster_without_reports_is_like_nothing() -> None:
    micro = micro_of(1)
    # The idf has moved since: what is taken out is less than what went in.
    vector, sketch = report(0)
    micro.remove_report({stem: 0.9 * weight for stem, weight in vector.items()}, sketch)
    assert micro.cosine(report(0)[0]) == 0.0
    assert (micro.num_reports, micro.outlets, micro.recent) == (0, {}, [])


def test_a_revision_takes_the_place_of_what_it_revises() -> None:
    micro = micro_of(3)
    micro.replace_report(*report(0), *report(7))
    assert micro.num_reports == 3
    assert micro.pair_sum == pytest.approx(3 / 64)
    assert "w00x00" not in micro.centre
    assert "w07x00" in micro.centre


def test_names_are_counted_by_the_reports_that_have_them() -> None:
    micro = micro_of(0)
    for number, names in enumerate([["Ana Sousa"], ["Ana Sousa", "Lake Vey"], ["Lake Vey"]]):
        micro.add_report(*report(number, *names))
    micro.remove_report(*report(0, "Ana Sousa"))
    assert micro.names == {"Ana Sousa": 1, "Lake Vey": 2}


def test_of_many_names_the_frequent_ones_are_kept() -> None:
    micro = micro_of(0)
    for number in range(40):
        micro.add_report(*report(number, "Ana Sousa", *(f"Name {number} {place}" for place in range(11))))
    assert len(micro.names) <= 128
    assert micro.names["Ana Sousa"] == 40
