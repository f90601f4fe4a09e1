"""A micro-cluster's centre, when reports leave it that are no longer wholly in it."""

import pytest

from pipeline.detection.micro import MicroCluster
from pipeline.detection.vectors import dot, unit


def report(number: int) -> tuple[dict[str, float], dict[str, str]]:
    """Make a vector of one stem that all reports share and 63 of its own, and how the stems are written."""
    stems = ["shared", *(f"own-{number}-{place:02}" for place in range(63))]
    return unit(stems, [1.0] * 64), {stem: stem.upper() for stem in stems}


def micro_of(num_reports: int) -> MicroCluster:
    micro = MicroCluster("id", 0, 0)
    for number in range(num_reports):
        micro.add_report(*report(number), "outlet", number)
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
        micro.remove_report(report(number)[0], "outlet", number)
    assert min(micro.centre.values()) > 0
    assert micro.centre.keys() == micro.forms.keys()
    assert micro.pair_sum >= 0
    assert 0 < micro.cosine(report(19)[0]) <= 1 + 1e-9


def test_a_micro_cluster_without_reports_is_like_nothing() -> None:
    micro = micro_of(1)
    # The idf has moved since: what is taken out is less than what went in.
    vector = {stem: 0.9 * weight for stem, weight in report(0)[0].items()}
    micro.remove_report(vector, "outlet", 0)
    assert micro.cosine(report(0)[0]) == 0.0
    assert (micro.num_reports, micro.outlets, micro.recent) == (0, {}, [])


def test_a_revision_takes_the_place_of_what_it_revises() -> None:
    micro = micro_of(3)
    micro.replace_report(report(0)[0], *report(7))
    assert micro.num_reports == 3
    assert micro.pair_sum == pytest.approx(3 / 64)
    assert "own-0-00" not in micro.centre
    assert "own-7-00" in micro.centre
