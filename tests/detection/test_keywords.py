"""What a story is about: weighty words, and names whole."""

import numpy as np

from pipeline.detection.keywords import keywords
from pipeline.detection.names import whole_names
from tests.detection.making import sketch_of, unit

WEIGHTS = {"Johnson": 3.0, "minister": 2.0, "ferry": 1.0}


def keywords_of(*names: list[str]) -> tuple[str, ...]:
    """Name the keywords of a story of one report for each list of names."""
    reports = [sketch_of(list(WEIGHTS), names=each) for each in names]
    return keywords(unit(reports[0].ids, np.array(list(WEIGHTS.values()))), reports)


def test_a_name_that_most_reports_have_stands_for_its_words() -> None:
    told = keywords_of(["Prime Minister Johnson"], ["Prime Minister Johnson"], [])
    assert told == ("Prime Minister Johnson", "ferry")


def test_a_name_that_few_reports_have_does_not() -> None:
    told = keywords_of(["Prime Minister Johnson"], ["Prime Minister Johnson"], [], [], [])
    assert told == ("Johnson", "minister", "ferry")


def test_a_name_of_one_report_is_none() -> None:
    assert keywords_of(["Prime Minister Johnson"]) == ("Johnson", "minister", "ferry")


def test_of_two_names_for_a_word_the_one_of_more_reports_is_told() -> None:
    told = keywords_of(["Ada Johnson", "Prime Minister"], ["Ada Johnson"], ["Ada Johnson", "Minister Johnson"])
    assert told == ("Ada Johnson", "minister", "ferry")


def test_a_word_is_told_as_most_reports_write_it() -> None:
    reports = [sketch_of([form]) for form in ("ferry", "Ferry", "Ferry")]
    centre = unit(sketch_of(["ferry", "gone"]).ids, np.ones(2))
    assert keywords(centre, reports) == ("Ferry",)
    # Of equals the first in the alphabet.
    assert keywords(centre, reports[:2]) == ("Ferry",)


def test_words_that_begin_a_sentence_are_no_part_of_a_name() -> None:
    assert whole_names("The Lake Vey is full. On Monday it rained.", "en") == ("Lake Vey",)


def test_a_name_ends_with_its_sentence() -> None:
    assert whole_names("They met Ana Sousa. Lake Vey is far.", "en") == ("Ana Sousa", "Lake Vey")


def test_names_in_other_scripts_and_with_marks() -> None:
    assert whole_names("Ο Νίκος Παππάς και η Ζωή Ο’Νιλ", "el") == ("Νίκος Παππάς", "Ζωή Ο’Νιλ")
    assert whole_names("वे दिल्ली में मिले", "hi") == ()


def test_the_possessive_is_no_part_of_a_name() -> None:
    assert whole_names("It was Ana Sousa's boat.", "en") == ("Ana Sousa",)
