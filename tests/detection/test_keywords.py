"""What a story is about: weighty words, and names whole."""

from pipeline.detection.keywords import keywords
from pipeline.detection.micro import MicroCluster
from pipeline.detection.names import whole_names
from pipeline.detection.story import Story
from pipeline.detection.vectors import unit
from tests.detection.making import sketch_of

WEIGHTS = {"Johnson": 3.0, "minister": 2.0, "ferry": 1.0}


def story_of(*names: list[str]) -> Story:
    """Make a story of one report for each list of names."""
    micro = MicroCluster("micro", 0, 0)
    for each in names:
        sketch = sketch_of(list(WEIGHTS), names=each)
        micro.add_report(unit(sketch.stems, list(WEIGHTS.values())), sketch)
    return Story("story", "en", micros={"micro": micro})


def keywords_of(story: Story) -> tuple[str, ...]:
    return keywords(story, story.centre())


def test_a_name_that_most_reports_have_stands_for_its_words() -> None:
    story = story_of(["Prime Minister Johnson"], ["Prime Minister Johnson"], [])
    assert keywords_of(story) == ("Prime Minister Johnson", "ferry")


def test_a_name_that_few_reports_have_does_not() -> None:
    story = story_of(["Prime Minister Johnson"], ["Prime Minister Johnson"], [], [], [])
    assert keywords_of(story) == ("Johnson", "minister", "ferry")


def test_a_name_of_one_report_is_none() -> None:
    assert keywords_of(story_of(["Prime Minister Johnson"])) == ("Johnson", "minister", "ferry")


def test_of_two_names_for_a_word_the_one_of_more_reports_is_told() -> None:
    story = story_of(["Ada Johnson", "Prime Minister"], ["Ada Johnson"], ["Ada Johnson", "Minister Johnson"])
    assert keywords_of(story) == ("Ada Johnson", "minister", "ferry")


def test_words_that_begin_a_sentence_are_no_part_of_a_name() -> None:
    assert whole_names("The Lake Vey is full. On Monday it rained.", "en") == ("Lake Vey",)


def test_a_name_ends_with_its_sentence() -> None:
    assert whole_names("They met Ana Sousa. Lake Vey is far.", "en") == ("Ana Sousa", "Lake Vey")


def test_names_in_other_scripts_and_with_marks() -> None:
    assert whole_names("Ο Νίκος Παππάς και η Ζωή Ο’Νιλ", "el") == ("Νίκος Παππάς", "Ζωή Ο’Νιλ")
    assert whole_names("वे दिल्ली में मिले", "hi") == ()


def test_the_possessive_is_no_part_of_a_name() -> None:
    assert whole_names("It was Ana Sousa's boat.", "en") == ("Ana Sousa",)
