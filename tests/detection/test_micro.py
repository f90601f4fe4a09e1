"""A micro-cluster's centre, when reports leave it that are no longer wholly in it."""

import numpy as np
import pytest

from pipeline.detection.hashing import word_hash
from pipeline.detection.micro import MicroCluster, cosines
from pipeline.detection.packing import Vector, ids_of, num_terms, packed, weights_of
from pipeline.detection.sketch import Sketch
from pipeline.detection.vectors import dot
from tests.detection.making import sketch_of, unit


def report(number: int) -> tuple[Vector, Sketch]:
    """Make a report of one stem that all share and 63 of its own."""
    sketch = sketch_of(
        ["shared", *(f"w{number:02}x{place:02}" for place in range(63))],
        outlet="outlet",
        observed_at=number,
    )
    return unit(sketch.ids, np.ones(64)), sketch


def micro_of(num_reports: int) -> MicroCluster:
    micro = MicroCluster("id", 0, 0)
    for number in range(num_reports):
        micro.add_report(*report(number))
    return micro


def test_the_pairs_are_summed_as_reports_come() -> None:
    micro = micro_of(5)
    assert micro.pair_sum == pytest.approx(10 * dot(report(0)[0], report(1)[0]))
    assert micro.cosine(report(0)[0]) == pytest.approx((1 + 4 / 64) / (5 + 20 / 64) ** 0.5)


def test_cosines_are_asked_for_together_or_one_by_one() -> None:
    micros, vector = [micro_of(num_reports) for num_reports in (0, 1, 5)], report(0)[0]
    assert cosines(vector, micros) == [micro.cosine(vector) for micro in micros]
    assert micros[0].cosine(vector) == 0.0


def test_of_micro_clusters_that_are_alike_the_older_comes_first() -> None:
    younger, older, twin = MicroCluster("a", 2, 2), MicroCluster("c", 1, 3), MicroCluster("b", 1, 3)
    assert sorted([younger, older, twin]) == [twin, older, younger]


def test_a_large_centre_is_cut_to_its_weightiest_stems() -> None:
    micro = micro_of(20)
    assert num_terms(micro.centre) <= 512
    assert ids_of(micro.centre).tolist() == sorted(ids_of(micro.centre).tolist())
    assert word_hash("shared") in ids_of(micro.centre)


def test_what_was_cut_is_not_taken_out_a_second_time() -> None:
    micro = micro_of(20)
    for number in range(19):
        micro.remove_report(*report(number))
    assert weights_of(micro.centre).min() > 0
    assert micro.pair_sum >= 0
    assert 0 < micro.cosine(report(19)[0]) <= 1 + 1e-9


def test_a_micro_cluster_without_reports_is_like_nothing() -> None:
    micro = micro_of(1)
    # The idf has moved since: what is taken out is less than what went in.
    vector, sketch = report(0)
    micro.remove_report(packed(ids_of(vector), np.float32(0.9) * weights_of(vector)), sketch)
    assert micro.cosine(report(0)[0]) == 0.0
    assert (micro.num_reports, micro.outlets, micro.recent) == (0, {}, ())


def test_a_revision_takes_the_place_of_what_it_revises() -> None:
    micro = micro_of(3)
    micro.replace_report(*report(0), *report(7))
    assert micro.num_reports == 3
    assert micro.pair_sum == pytest.approx(3 / 64)
    assert word_hash("w00x00") not in ids_of(micro.centre)
    assert word_hash("w07x00") in ids_of(micro.centre)
