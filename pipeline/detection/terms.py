"""The salient terms of an article: which words say what it is about, and how much each says."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SketchConfig
from pipeline.detection.background import frequency
from pipeline.detection.words import term_of

_PREFIX_LETTERS = 6
_ARTICLE_WORDS = 250
"""Length of the article in which a word's background probability to occur is counted."""


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
    term = term_of(form)
    return term if term[:1].isnumeric() else term[:_PREFIX_LETTERS]


@lru_cache(maxsize=1 << 18)
def _analyse(form: str, language: str) -> _Word:
    share = frequency(form.lower(), language)
    term = term_of(form)
    if term and term != form.lower():
        # A part of a word ("don" of "don't") is no rarer than the whole, nor an accented spelling than its plain one.
        share = max(share, frequency(term, language))
    return _Word(
        stem=stem_of(form),
        background=1.0 - math.exp(-share * _ARTICLE_WORDS),
        is_name=form[0].isupper(),
        is_number=form[0].isnumeric(),
    )


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
    ranked = []
    for stem, entry in _count(title, text, language, config.title_weight).items():
        weight = _weigh(entry, config)
        ranked.append((weight * math.log(entry.background), stem, entry.form, weight, entry.background))
    chosen = nsmallest(config.num_terms, ranked)
    return Terms(
        forms=tuple(form for _, _, form, _, _ in chosen),
        weights=np.array([weight for *_, weight, _ in chosen], np.float32),
        backgrounds=np.array([background for *_, background in chosen], np.float32),
    )


class _Entry:
    """What is known of one stem while an article is read."""

    __slots__ = ("background", "capitals", "count", "first", "form", "form_count", "is_number", "smalls")

    def __init__(self) -> None:
        self.count = self.background = 0.0
        self.capitals = self.smalls = self.form_count = 0
        self.first = 1 << 30
        self.form = ""
        self.is_number = False


def _count(title: Sequence[str], text: Sequence[str], language: str, title_weight: float) -> dict[str, _Entry]:
    in_title, in_text = Counter(title), Counter(text)
    whole = [*title, *text]
    first = dict(zip(reversed(whole), range(len(whole) - 1, -1, -1), strict=True))
    entries: dict[str, _Entry] = {}
    for form, position in first.items():
        word = _analyse(form, language)
        if not word.stem:
            continue
        entry = entries.get(word.stem)
        if entry is None:
            entry = entries[word.stem] = _Entry()
        occurrences = in_title[form] + in_text[form]
        entry.count += title_weight * in_title[form] + in_text[form]
        entry.background = max(entry.background, word.background)
        entry.is_number = word.is_number
        entry.first = min(entry.first, position)
        if word.is_name:
            entry.capitals += occurrences
        else:
            entry.smalls += occurrences
        # The commonest spelling stands for the term, between equals the first in the alphabet.
        if (-occurrences, form) < (-entry.form_count, entry.form):
            entry.form, entry.form_count = form, occurrences
    return entries


def _weigh(entry: _Entry, config: SketchConfig) -> float:
    weight = entry.count * (1.0 + config.saturation) / (entry.count + config.saturation)
    if entry.capitals > entry.smalls:
        weight *= 1.0 + config.name_weight
    if entry.is_number:
        weight *= config.number_weight
    return weight * (1.0 + config.lead_weight * math.exp(-entry.first / config.lead_words))
