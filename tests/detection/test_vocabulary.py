"""Reading by looking up what was read before gives what reading word by word gives."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.config import SketchConfig
from pipeline.detection import vocabulary as limits
from pipeline.detection.background import frequency
from pipeline.detection.codec import encode_sketch
from pipeline.detection.hashing import word_hash
from pipeline.detection.ids import term_ids
from pipeline.detection.sketch import sketch_article
from pipeline.detection.terms import salient_terms
from pipeline.detection.vocabulary import Vocabularies, Vocabulary
from pipeline.detection.words import stem_of, term_of, words
from pipeline.records import Article
from tests.detection.making import BASE, CONFIG

SHARED = Vocabulary("en")
"""One for all examples, as in a process that runs for long."""

WRITTEN = (
    "Harbour harbour HARBOUR harbours harbouring the The 3,000 1987 l'1987 don't a \u00c9lys\u00e9e elysee \u65b0\u805e"
)
BETWEEN = " ", " ", " ", "\n", "\u00a0", "\u202f", ".", "-", "_", "\ufeff", "\u200b", "\u0301", "\u00a8", "\u05f4"
PIECES = st.sampled_from([*WRITTEN.split(), *BETWEEN])
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@given(st.text(max_size=200) | TEXTS)
@example("\ufeffHarbour")
@example("\n\u0301Harbour \u200bwall")
@example("x" * 100 + " y")
def test_it_reads_the_words_of_any_text(text: str) -> None:
    assert SHARED.words.forms(SHARED.read(text)) == words(text)


def terms_word_by_word(title: list[str], text: list[str], config: SketchConfig) -> list[tuple[str, float, float]]:
    """Choose terms as `salient_terms` does, from its description and without an array: spelling, weight, background."""
    whole = title + text
    spellings: dict[str, list[str]] = defaultdict(list)
    # What is known of a stem comes from the spelling that first stands last.
    for form in sorted(set(whole), key=lambda form: -max(place for place, word in enumerate(whole) if word == form)):
        if stem_of(form):
            spellings[stem_of(form)].append(form)
    ranked = []
    for stem, forms in spellings.items():
        count = sum(config.title_weight * title.count(form) + text.count(form) for form in forms)
        capitals = sum(whole.count(form) * (1 if form[0].isupper() else -1) for form in forms)
        shares = [max(frequency(form.lower(), "en"), frequency(term_of(form), "en")) for form in forms]
        background = 1.0 - math.exp(-max(shares) * 250)
        weight = count * (1.0 + config.saturation) / (count + config.saturation)
        weight *= 1.0 + config.name_weight if capitals > 0 else 1.0
        weight *= config.number_weight if forms[-1][0].isnumeric() else 1.0
        first = min(whole.index(form) for form in forms)
        weight *= 1.0 + config.lead_weight * math.exp(-first / config.lead_words)
        spelling = min(forms, key=lambda form: (-whole.count(form), form))
        ranked.append(
            (
                weight * math.log(background),
                word_hash(stem),
                spelling,
                np.float16(np.float32(weight)),
                np.float16(np.float32(background)),
            )
        )
    return [(spelling, weight, background) for _, _, spelling, weight, background in sorted(ranked)][: config.num_terms]


@given(TEXTS, TEXTS, st.sampled_from([1, 3, 64]))
def test_its_terms_are_those_found_word_by_word(title: str, text: str, num_terms: int) -> None:
    config = SketchConfig(num_terms=num_terms)
    terms, ids = salient_terms(SHARED.read(title), SHARED.read(text), SHARED, config)
    assert ids.tolist() == term_ids(terms.forms).tolist()
    expected = terms_word_by_word(words(title), words(text), config)
    assert list(zip(terms.forms, terms.weights, terms.backgrounds, strict=True)) == expected


def test_a_word_of_two_languages_has_two_backgrounds() -> None:
    german, english = map(Vocabulary, ("de", "en"))
    terms = [salient_terms(known.read("die"), b"", known, SketchConfig())[0] for known in (german, english)]
    assert terms[0].backgrounds[0] > 10 * terms[1].backgrounds[0]


def test_a_new_vocabulary_changes_no_sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [
        Article(id=str(place), title=f"Harbour {place}", text=f"wall {place} and {place * 7919}", observed_at=BASE)
        for place in range(40)
    ]
    sketches = [sketch_article(article, CONFIG) for article in articles]
    monkeypatch.setattr(limits, "_MOST_KNOWN", 10)
    again = [sketch_article(article, CONFIG) for article in articles]
    assert list(map(encode_sketch, again)) == list(map(encode_sketch, sketches))


def test_of_too_many_words_the_largest_vocabulary_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KNOWN", 7)
    known = Vocabularies()
    known.of("en").read("one two")
    known.of("de").read("eins")
    assert (len(known.of("en")), len(known.of("de"))) == (4, 2)
    known.of("de").read("(eins) (eins) zwei")
    assert len(known) == 9
    assert (len(known.of("en")), len(known.of("de"))) == (4, 0)


def test_of_too_many_languages_the_one_of_fewest_words_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_LANGUAGES", 2)
    known = Vocabularies()
    for language, text in (("en", "one two"), ("de", "eins"), ("x-1", "")):
        known.of(language).read(text)
    assert len(known) == 4
    assert len(known.of("en")) == 4


def test_a_long_chunk_is_not_kept() -> None:
    vocabulary = Vocabulary("en")
    vocabulary.read("x" * 81 + " " + "y" * 40)
    assert len(vocabulary) == 3
