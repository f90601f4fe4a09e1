"""A core in pieces."""

import random

import pytest

from pipeline.detection.codec import DamagedState, encode
from pipeline.detection.cores import core_of, pieces_of
from pipeline.detection.detector import Core
from pipeline.detection.story import Story


@pytest.mark.parametrize("num_stories", [0, 1, 255, 256, 257, 1_000])
def test_a_core_comes_back_from_its_pieces_in_any_order(num_stories: int) -> None:
    core = Core(7, [Story(str(number), "en") for number in range(num_stories)], num_mentions=3)
    pieces = list(pieces_of(core))
    random.Random(0).shuffle(pieces)
    assert encode(core_of(pieces)) == encode(core)


def test_no_piece_is_larger_for_more_stories() -> None:
    few, many = (
        max(map(len, pieces_of(Core(stories=[Story(str(number), "en") for number in range(num_stories)]))))
        for num_stories in (1_000, 10_000)
    )
    assert many < 2 * few


def test_no_piece_at_all_is_an_empty_core() -> None:
    assert encode(core_of([])) == encode(Core())


def test_a_damaged_piece_is_refused() -> None:
    (piece,) = pieces_of(Core())
    with pytest.raises(DamagedState, match="cannot be unpacked"):
        core_of([piece[:-3]])
