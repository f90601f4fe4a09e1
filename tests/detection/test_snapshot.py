"""A detector that was written down and read again goes on as if nothing had happened."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detection.codec import (
    VERSION,
    DamagedState,
    UnknownVersion,
    copy_signature,
    decode,
    encode,
    encode_sketch,
)
from pipeline.detection.detector import Detector
from pipeline.detection.sketch import Sketch
from tests.detection.making import CONFIG, decide, emerged, in_json, micros, sketch, streams, told


@given(streams(most=60), st.data(), st.sampled_from([2, 100_000]))
@settings(max_examples=150)
def test_going_on_after_a_restore_gives_the_same_events(articles: list[Sketch], data: st.DataObject, most: int) -> None:
    config = msgspec.structs.replace(CONFIG, max_admissions=most)
    undisturbed, disturbed = Detector(config), Detector(config)
    cuts = data.draw(st.sets(st.integers(0, len(articles))))
    for place, article in enumerate(articles):
        if place in cuts:
            snapshot = disturbed.snapshot()
            disturbed = Detector(config)
            disturbed.restore(snapshot)
            assert disturbed.snapshot() == snapshot
        # One watermark in three runs ahead, which makes articles late.
        watermark = article.observed_at + (place % 3 == 0) * (micros(30) - micros(0))
        for detector in (undisturbed, disturbed):
            detector.observe(article)
        assert told(undisturbed.advance(watermark)) == told(disturbed.advance(watermark))
    assert told(decide(undisturbed)) == told(decide(disturbed))
    assert undisturbed.snapshot() == disturbed.snapshot()
    assert in_json(undisturbed.close_all()) == in_json(disturbed.close_all())


def test_a_restore_forgets_what_the_detector_held_before() -> None:
    used = Detector(CONFIG)
    decide(used, *emerged())
    used.observe(sketch("waiting", 0, 60))
    used.restore(Detector(CONFIG).snapshot())
    assert used.next_tick() is None
    assert used.snapshot() == Detector(CONFIG).snapshot()


def test_what_waits_is_in_the_snapshot() -> None:
    detector, restored = Detector(CONFIG), Detector(CONFIG)
    decide(detector, sketch("quake", 0, 600))
    detector.observe(sketch("quake", 1, 10))
    detector.observe(sketch("quake", 2, 700))
    restored.restore(detector.snapshot())
    assert restored.next_tick() == micros(605)
    assert told(decide(restored)) == told(decide(detector))


def test_another_version_is_refused_with_both_numbers_and_the_remedy() -> None:
    snapshot = Detector(CONFIG).snapshot()
    with pytest.raises(UnknownVersion, match=rf"version 99, but this program reads version {VERSION}: run the program"):
        Detector(CONFIG).restore(b"\x63" + snapshot[1:])


def test_damaged_bytes_are_refused_with_the_remedy() -> None:
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    detector.observe(sketch("quake", 7, 60))
    snapshot = detector.snapshot()
    for damaged in (b"", snapshot[:1], snapshot[:-1], snapshot[: len(snapshot) // 2], snapshot + b"\0"):
        with pytest.raises(DamagedState, match="start from empty state"):
            Detector(CONFIG).restore(damaged)
    with pytest.raises(DamagedState, match="cannot be read: Expected `object`, got `array`"):
        Detector(CONFIG).restore(encode_sketch(sketch("quake")))


@given(st.binary(max_size=60))
def test_any_bytes_give_one_of_the_two_errors(garbage: bytes) -> None:
    with pytest.raises((UnknownVersion, DamagedState)):
        decode(bytes((VERSION,)) + garbage, Sketch)


def test_an_array_of_the_wrong_length_is_damage() -> None:
    made = sketch("quake")
    terms = msgspec.structs.replace(made.terms, weights=np.zeros(3, np.uint8))
    encoded = encode_sketch(msgspec.structs.replace(made, terms=terms))
    with pytest.raises(DamagedState):
        decode(encoded, Sketch)


def test_what_state_cannot_hold_is_named() -> None:
    with pytest.raises(TypeError, match="state cannot hold a complex"):
        encode(3j)


def test_the_copy_signature_is_found_in_the_bytes_of_a_sketch() -> None:
    article = sketch("quake")
    found = copy_signature(encode_sketch(article), article.copy_signature.size)
    assert found.tolist() == article.copy_signature.tolist()


def test_what_is_restored_names_each_story_by_one_object() -> None:
    """Of equal strings each would take 80 bytes, and an article's story is named in half a dozen places."""
    detector = Detector(CONFIG)
    decide(detector, *emerged())
    detector.restore(detector.snapshot())
    assert all(micro.story_id is story.id for story in detector.core().stories for micro in story.micros)
