"""Words, terms and languages, in every script."""

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.config import SketchConfig
from pipeline.detection.background import FLOOR, frequency
from pipeline.detection.codec import decode_sketch, encode_sketch
from pipeline.detection.languages import UNKNOWN, detect_language
from pipeline.detection.sketch import copy_keys, shingles, sketch_article, story_keys, weighted_elements
from pipeline.detection.terms import Terms, salient_terms
from pipeline.detection.vocabulary import Vocabulary
from pipeline.detection.words import stem_of, term_of, words
from pipeline.records import Article
from tests.detection.making import BASE, CONFIG, word

SENTENCES = {
    "Latin": ("Zemětřesení zasáhlo Ústí nad Labem.", ["Zemětřesení", "zasáhlo", "Ústí", "nad", "Labem"]),
    "Latin, elided": ("l’Élysée n'a rien dit.", ["l’Élysée", "n'a", "rien", "dit"]),
    "Cyrillic": ("Президент прибыл в Київ.", ["Президент", "прибыл", "в", "Київ"]),
    "Greek": ("Ο πρωθυπουργός μίλησε στην Αθήνα.", ["Ο", "πρωθυπουργός", "μίλησε", "στην", "Αθήνα"]),
    "Arabic": ("زار الرئيسُ القاهـرة، أمس.", ["زار", "الرئيسُ", "القاهـرة", "أمس"]),
    "Hebrew": ("ראש הממשלה אמר: צה״ל נסוג.", ["ראש", "הממשלה", "אמר", "צה״ל", "נסוג"]),
    "Devanagari": ("प्रधानमंत्री ने दिल्ली में कहा।", ["प्रधानमंत्री", "ने", "दिल्ली", "में", "कहा"]),
    "Ethiopic": ("ጠቅላይ ሚኒስትሩ በአዲስ አበባ ተናገሩ።", ["ጠቅላይ", "ሚኒስትሩ", "በአዲስ", "አበባ", "ተናገሩ"]),
    "Chinese": ("总统访问北京，2024年。", ["总统", "统访", "访问", "问北", "北京", "2024", "年"]),
    "Japanese": ("首相は東京でスピーチした。", ["首相", "相は", "は東", "東京", "京で", "スピーチ", "した"]),
    "Thai": ("รัฐสภา พูด", ["รัฐ", "ฐส", "สภ", "ภา", "พูด"]),
    "Korean": ("대통령이 서울에서 연설했다.", ["대통령이", "서울에서", "연설했다"]),
    "mixed": ("Apple发布iPhone 15", ["Apple", "发布", "iPhone", "15"]),
    "full-width": ("ＡＢＣ　１２３", ["ABC", "123"]),
}

LANGUAGES = {
    "en": "The parliament rejected the budget after a long debate on Tuesday evening.",
    "de": "Das Parlament hat den Haushalt nach langer Debatte am Dienstagabend abgelehnt.",
    "fr": "Le parlement a rejeté le budget mardi soir après un long débat houleux.",
    "es": "El parlamento rechazó el presupuesto el martes por la noche tras un largo debate.",
    "cs": "Parlament v úterý večer po dlouhé debatě zamítl návrh státního rozpočtu.",
    "ru": "Парламент во вторник вечером отклонил проект бюджета после долгих споров.",
    "el": "Το κοινοβούλιο απέρριψε τον προϋπολογισμό το βράδυ της Τρίτης.",
    "ar": "رفض البرلمان مشروع الميزانية مساء الثلاثاء بعد نقاش طويل.",
    "he": "הפרלמנט דחה את הצעת התקציב ביום שלישי בערב לאחר דיון ארוך.",
    "hi": "संसद ने लंबी बहस के बाद मंगलवार शाम को बजट को खारिज कर दिया।",
    "am": "ፓርላማው ከረጅም ክርክር በኋላ ማክሰኞ ምሽት በጀቱን ውድቅ አደረገ።",
    "zh": "议会在星期二晚上经过长时间辩论后否决了预算案。",
    "ja": "議会は火曜日の夜、長い議論の末に予算案を否決した。",
    "ko": "국회는 화요일 저녁 긴 토론 끝에 예산안을 부결했다.",
    "th": "รัฐสภาปฏิเสธงบประมาณในคืนวันอังคารหลังจากการอภิปรายอันยาวนาน",
    "sw": "Bunge lilikataa bajeti hiyo Jumanne jioni baada ya mjadala mrefu.",
    "tr": "Meclis, salı akşamı uzun bir tartışmanın ardından bütçeyi reddetti.",
}


@pytest.mark.parametrize(("text", "expected"), SENTENCES.values(), ids=SENTENCES)
def test_words_are_found_in_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("written", "also"),
    [
        ("Zemětřesení", "zemetreseni"),
        ("l’Élysée", "Elysee"),
        ("Putin's", "PUTIN"),
        ("القاهـرة", "القاهرة"),
        ("الرئيسُ", "الرئيس"),
        ("שָׁלוֹם", "שלום"),
        ("Αθήνα", "ΑΘΗΝΑ"),
        ("Київ", "КИЇВ"),
        ("3,000", "3000"),
        ("Straße", "STRASSE"),
    ],
)
def test_two_spellings_are_one_term(written: str, also: str) -> None:
    assert term_of(written) == term_of(also) != ""


def test_vowel_signs_of_indic_scripts_are_no_accents() -> None:
    assert term_of("दिल्ली") == "दिल्ली"
    assert term_of("दिल्ली") != term_of("दल")


@given(st.text(max_size=200))
@example("\u0301")
@example("''’ʼ")
@example("İ" * 9)
@example("\ud800 abc")
def test_words_and_terms_take_any_text(text: str) -> None:
    for written in words(text):
        assert written
        assert isinstance(term_of(written), str)
        assert stem_of(written) == stem_of(written)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_the_stem_of_a_term_is_the_stem_of_the_word(text: str) -> None:
    for written in words(text):
        term = term_of(written)
        if "'" not in term and len(term) > 2:
            assert stem_of(term) == stem_of(written)


@pytest.mark.parametrize(("language", "text"), LANGUAGES.items(), ids=LANGUAGES)
def test_languages_are_told_apart(language: str, text: str) -> None:
    assert detect_language("", text) == language
    assert detect_language(text, "") == language


@pytest.mark.parametrize("text", ["", "2024", "!!! ???", "Photo"])
def test_too_few_letters_have_no_language(text: str) -> None:
    assert detect_language(text, "") == UNKNOWN


@given(st.text(max_size=300), st.text(max_size=300))
def test_language_detection_takes_any_text(title: str, text: str) -> None:
    assert detect_language(title, text)


@pytest.mark.parametrize("language", ["am", "cy", "sw", "th", UNKNOWN, "qqq", "", "x", "not a tag", "english"])
def test_where_no_frequencies_are_known_short_words_are_taken_for_common(language: str) -> None:
    lengths = [frequency("q" * length, language) for length in (1, 2, 4, 8, 30)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 1000 * lengths[-2]
    assert lengths[-1] == FLOOR


@pytest.mark.parametrize("language", ["en", "de", "cs", "zh", "ar", "hr", "no", "tl"])
def test_where_frequencies_are_known_an_invented_word_is_rare(language: str) -> None:
    assert frequency("qzx", language) == FLOOR


def test_function_words_are_common_and_years_more_common_than_other_numbers() -> None:
    assert frequency("the", "en") > 0.01
    assert frequency("2019", "en") > frequency("7391", "en") >= FLOOR


def terms_of(text: str, title: str = "", **config: float) -> Terms:
    vocabulary = Vocabulary("en")
    read = vocabulary.read(title), vocabulary.read(text)
    terms, _ = salient_terms(*read, vocabulary, SketchConfig(**config))
    return terms


def test_rare_words_come_before_common_ones() -> None:
    terms = terms_of(f"the people said that {word('rare')} would be there")
    assert terms.forms[0] == word("rare")


def test_no_more_than_the_configured_number_of_terms_is_kept() -> None:
    text = " ".join(word(place) for place in range(50))
    assert [len(terms_of(text, num_terms=most).forms) for most in (1, 7, 64)] == [1, 7, 50]


def test_the_commonest_spelling_stands_for_a_term_between_equals_the_first_in_the_alphabet() -> None:
    assert terms_of("Zemetreseni zemětřesení zemětřesení").forms == ("zemětřesení",)
    assert terms_of("zemětřesení Zemetreseni").forms == ("Zemetreseni",)


def test_a_term_weighs_more_as_a_name_as_a_number_at_the_start_and_when_repeated() -> None:
    rest = " and so it went on for a long while until there was nothing left to say"
    assert terms_of(f"Qaqaqa{rest}", lead_weight=0.0).weights[0] > terms_of(f"qaqaqa{rest}", lead_weight=0.0).weights[0]
    assert terms_of(f"qaqaqa qaqaqa{rest}").weights[0] > terms_of(f"qaqaqa{rest}").weights[0]
    assert (
        terms_of(f"qaqaqa{rest}", lead_weight=1.0).weights[0] > terms_of(f"{rest} qaqaqa", lead_weight=1.0).weights[0]
    )
    numbers = terms_of("7391", number_weight=3.0, lead_weight=0.0), terms_of("7391", number_weight=1.0, lead_weight=0.0)
    assert numbers[0].weights[0] == pytest.approx(3 * numbers[1].weights[0])


def test_weights_are_turned_into_repeats() -> None:
    # Backgrounds alike: twelve repeats for the greatest weight, in proportion for the others, one at least.
    terms = Terms(("aaa", "bbb", "ccc"), np.array([4, 2, 0.01], np.float16), np.full(3, 1e-4, np.float16))
    article = sketch_article(Article(id="a", title="", text="", observed_at=BASE, language="en"), CONFIG)
    assert weighted_elements(msgspec.structs.replace(article, terms=terms)).size == 12 + 6 + 1


@pytest.mark.parametrize(("language", "text"), [("fil", "sa"), ("es", "de"), ("en", "the"), ("xx", "ab")])
def test_an_article_of_nothing_but_the_commonest_word_has_buckets(language: str, text: str) -> None:
    # Its background is 1 to the precision of state, its idf therefore 0.
    sketch = sketch_article(Article(id="a", title=text, text=text, observed_at=BASE, language=language), CONFIG)
    assert story_keys(sketch, CONFIG.stories).size == CONFIG.stories.bands


def hashes_of(text: str) -> NDArray[np.uint32]:
    vocabulary = Vocabulary("en")
    return vocabulary.hashes(vocabulary.read(text))


def test_shingles_ignore_case_and_a_short_text_is_one_shingle() -> None:
    assert np.array_equal(shingles(hashes_of("A b C"), 5), shingles(hashes_of("a B c"), 5))
    assert [shingles(hashes_of("a " * length), 3).size for length in (0, 1, 3, 4)] == [0, 1, 1, 2]
    assert shingles(hashes_of("a b"), 2)[0] != shingles(hashes_of("b a"), 2)[0]


@given(
    st.text(max_size=300), st.text(max_size=300), st.sampled_from([None, "en", "zh", "am", "fil", "und", "nonsense"])
)
@example("", "...", None)
@example("\U0001f600", "", "en")
def test_any_text_has_a_sketch_that_can_be_stored(title: str, text: str, language: str | None) -> None:
    article = Article(id="a", title=title, text=text, observed_at=BASE, language=language)
    sketch = sketch_article(article, CONFIG)
    assert encode_sketch(decode_sketch(encode_sketch(sketch))) == encode_sketch(sketch)
    assert copy_keys(sketch, CONFIG.copies).size == CONFIG.copies.bands
    assert story_keys(sketch, CONFIG.stories).size == CONFIG.stories.bands
    assert len(set(sketch.ids.tolist())) == len(sketch.ids) <= CONFIG.sketch.num_terms
    assert (sketch.terms.backgrounds > 0).all()
    assert (sketch.terms.backgrounds <= 1).all()
    assert np.isfinite(sketch.terms.weights).all()
