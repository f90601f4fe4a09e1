"""A story's centre, when reports leave it that are no longer wholly in it."""

import pytest

from pipeline.detection.story import Story, unit


def report(number: int) -> tuple[dict[str, float], dict[str, str]]:
    """Make a vector of one stem that all reports share and 63 of its own, and how the stems are written."""
    stems = ["shared", *(f"own-{number}-{place:02}" for place in range(63))]
    return unit(stems, [1.0] * 64), {stem: stem.upper() for stem in stems}


def large_story(num_reports: int) -> Story:
    story = Story("id", "en", 0, 0)
    for number in range(num_reports):
        story.add_report(*report(number), "outlet", number)
    return story


def test_a_large_centre_is_cut_to_its_weightiest_stems() -> None:
    story = large_story(20)
    assert len(story.centre) <= 512
    assert story.centre.keys() == story.forms.keys()
    assert story.squared_norm == pytest.approx(sum(weight**2 for weight in story.centre.values()))


def test_what_was_cut_is_not_taken_out_a_second_time() -> None:
    story = large_story(20)
    for number in range(19):
        story.remove_report(report(number)[0], "outlet", number)
    assert min(story.centre.values()) > 0
    assert story.centre.keys() == story.forms.keys()
    for number in range(20):
        matches = story.matches(report(number)[0])
        assert all(amount < 0 and stem in story.forms for amount, stem in matches)
    assert 0 < story.score(report(19)[0]) <= 1 + 1e-9


def test_a_story_without_reports_is_like_nothing() -> None:
    story = large_story(1)
    # The idf has moved since: what is taken out is less than what went in.
    vector = {stem: 0.9 * weight for stem, weight in report(0)[0].items()}
    story.remove_report(vector, "outlet", 0)
    assert story.score(report(0)[0]) == 0.0
    assert (story.num_reports, story.outlets, story.recent) == (0, {}, [])
