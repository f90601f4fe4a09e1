"""The salient terms of an article: which words say what it is about, and how much each says."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import SketchConfig
from pipeline.detection.background import frequency
from pipeline.detection.words import term_of

_PREFIX_LETTERS = 6
_ARTICLE_WORDS = 250
"""Length of the article in which a word's background probability to occur is counted."""
_MOST_LEAD_WORDS = 1 << 16
"""Beyond it the extra weight of the beginning fades no further."""


class Terms(NamedTuple):
    """The salient terms of one article, column by column, the most telling first."""

    forms: tuple[str, ...]
    """As they stand in the article; `stem_of` gives the term under which articles are compared."""
    weights: NDArray[np.float32]
    """How much the article dwells on each, before any idf: saturating in occurrences, more for names and numbers."""
    backgrounds: NDArray[np.float32]
    """Probability that an article of this language contains it, whatever the news."""


class _Word(NamedTuple):
    stem: str
    background: float
    idf: float
    """Natural logarithm of 1 / background."""
    is_name: bool
    is_number: bool


@lru_cache(maxsize=1 << 18)
def stem_of(form: str) -> str:
    """Cut a term to its first six letters: coarse, and the same in every language that inflects at the end.

    Examples
    --------
    >>> stem_of("Presidents'"), stem_of("1987"), stem_of("zemětřesení")
    ('presid', '1987', 'zemetr')
    """
    return _cut(term_of(form))


def _cut(term: str) -> str:
    return term if term[:1].isnumeric() else term[:_PREFIX_LETTERS]


@lru_cache(maxsize=1 << 18)
def _analyse(form: str, language: str) -> _Word:
    share = frequency(form.lower(), language)
    term = term_of(form)
    if term and term != form.lower():
        # A part of a word ("don" of "don't") is no rarer than the whole, nor an accented spelling than its plain one.
        share = max(share, frequency(term, language))
    background = 1.0 - math.exp(-share * _ARTICLE_WORDS)
    return _Word(_cut(term), background, -math.log(background), form[0].isupper(), form[0].isnumeric())


def salient_terms(title: Sequence[str], text: Sequence[str], language: str, config: SketchConfig) -> Terms:
    """Choose the terms that say most about an article.

    Parameters
    ----------
    title, text
        Words as written, in order.
    language
        BCP 47 primary tag; chooses the background frequencies.
    config
        How many terms, and what weighs how much.

    Returns
    -------
    Terms
        At most ``config.num_terms``, chosen by weight times background idf, ties by spelling.
    """
    entries = _count(title, text, language, config.title_weight)
    weights = _weigh(entries, config)
    salience = weights * np.array([entry.idf for entry in entries], np.float64)
    stems = [entry.stem for entry in entries]
    ranked = sorted(zip((-salience).tolist(), stems, range(len(entries)), strict=True))
    chosen = [place for *_, place in ranked[: config.num_terms]]
    return Terms(
        forms=tuple(entries[place].form for place in chosen),
        weights=weights[chosen].astype(np.float32),
        backgrounds=np.array([entries[place].background for place in chosen], np.float32),
    )


class _Entry(msgspec.Struct, gc=False):
    """What is known of one stem while an article is read."""

    stem: str
    background: float
    idf: float
    is_number: bool
    form: str
    form_count: int
    more_capitals: int
    """Occurrences with a capital letter, less those without."""
    count: float
    first: int

    def join(self, other: "_Entry") -> None:
        """Add another spelling of the same stem."""
        self.count += other.count
        self.more_capitals += other.more_capitals
        self.is_number = other.is_number
        self.background, self.idf = max(self.background, other.background), min(self.idf, other.idf)
        self.first = min(self.first, other.first)
        # The commonest spelling stands for the term, between equals the first in the alphabet.
        if (-other.form_count, other.form) < (-self.form_count, self.form):
            self.form, self.form_count = other.form, other.form_count


def _count(title: Sequence[str], text: Sequence[str], language: str, title_weight: float) -> list[_Entry]:
    in_title, in_text = Counter(title).get, Counter(text).get
    whole = [*title, *text]
    first = dict(zip(reversed(whole), range(len(whole) - 1, -1, -1), strict=True))
    entries: dict[str, _Entry] = {}
    for form, position in first.items():
        stem, background, idf, is_name, is_number = _analyse(form, language)
        if not stem:
            continue
        of_title, of_text = in_title(form, 0), in_text(form, 0)
        both, count = of_title + of_text, title_weight * of_title + of_text
        entry = _Entry(stem, background, idf, is_number, form, both, both if is_name else -both, count, position)
        known = entries.setdefault(stem, entry)
        if known is not entry:
            known.join(entry)
    return list(entries.values())


def _weigh(entries: Sequence[_Entry], config: SketchConfig) -> NDArray[np.float64]:
    counts = np.array([entry.count for entry in entries], np.float64)
    firsts = np.array([entry.first for entry in entries], np.intp)
    # A word of no count (one of the title, where titles count nothing) weighs nothing, without saturation too.
    weights = counts * (1.0 + config.saturation) / np.maximum(counts + config.saturation, np.finfo(np.float64).tiny)
    weights[np.array([entry.more_capitals > 0 for entry in entries], bool)] *= 1.0 + config.name_weight
    weights[np.array([entry.is_number for entry in entries], bool)] *= config.number_weight
    return weights * (1.0 + config.lead_weight * _fading(config.lead_words)[np.minimum(firsts, _MOST_LEAD_WORDS - 1)])


@cache
def _fading(lead_words: float) -> NDArray[np.float64]:
    # From `math`, and once: what numpy makes of `exp` differs in the last bit from one processor to another.
    return np.array([math.exp(-position / lead_words) for position in range(_MOST_LEAD_WORDS)])
