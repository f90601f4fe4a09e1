"""The salient terms of an article: which words say what it is about, and how much each says."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.config import SketchConfig
from pipeline.detection.vocabulary import NO_STEM, Numbers, Vocabulary

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


def salient_terms(title: Numbers, text: Numbers, vocabulary: Vocabulary, config: SketchConfig) -> Terms:
    """Choose the terms that say most about an article.

    Parameters
    ----------
    title, text
        Words in order, as `vocabulary` numbers them.
    vocabulary
        Knows the words, and how common each is in its language.
    config
        How many terms, and what weighs how much.

    Returns
    -------
    Terms
        At most ``config.num_terms``, chosen by weight times background idf, ties by spelling.
    """
    forms = _count_forms(title, text, vocabulary, config.title_weight)
    stems = _join_forms(forms, vocabulary)
    weights = _weigh(stems, config)
    chosen = _most_salient(weights * stems.idfs, stems, vocabulary, config.num_terms)
    return Terms(
        forms=tuple(_spellings(forms, stems, chosen, vocabulary)),
        weights=weights[chosen].astype(np.float32),
        backgrounds=stems.backgrounds[chosen].astype(np.float32),
    )


class _Forms(NamedTuple):
    """The words of an article, each once and column by column; those of no stem are left out."""

    numbers: Numbers
    known: NDArray[np.void]
    num_times: NDArray[np.intp]
    counts: NDArray[np.float64]
    """Occurrences, those in the title by their weight."""
    firsts: NDArray[np.intp]
    """Where each stands first."""


def _count_forms(title: Numbers, text: Numbers, vocabulary: Vocabulary, title_weight: float) -> _Forms:
    whole = np.concatenate([title, text])
    numbers, groups = vocabulary.group(whole)
    num_times = np.bincount(groups, minlength=len(numbers))
    in_title = np.bincount(groups[: len(title)], minlength=len(numbers))
    firsts = np.empty(len(numbers), np.intp)
    firsts[groups[::-1]] = np.arange(len(whole) - 1, -1, -1)
    known = vocabulary.look_up(numbers)
    kept = np.flatnonzero(known["stem"] != NO_STEM)[::-1]
    counts = title_weight * in_title + (num_times - in_title)
    return _Forms(numbers[kept], known[kept], num_times[kept], counts[kept], firsts[kept])


class _Stems(NamedTuple):
    """The stems of an article, column by column."""

    numbers: Numbers
    groups: Numbers
    """For each form, the place of its stem."""
    counts: NDArray[np.float64]
    are_names: NDArray[np.bool_]
    """Whether each is written with a capital letter more often than not."""
    are_numbers: NDArray[np.bool_]
    backgrounds: NDArray[np.float64]
    idfs: NDArray[np.float64]
    firsts: NDArray[np.intp]


def _join_forms(forms: _Forms, vocabulary: Vocabulary) -> _Stems:
    """Join the spellings of each stem."""
    known = forms.known
    numbers, groups = vocabulary.group(known["stem"].astype(np.int64))
    size = len(numbers)
    capitals = np.where(known["is_name"], forms.num_times, -forms.num_times)
    are_numbers = np.empty(size, np.bool_)
    are_numbers[groups] = known["is_number"]
    backgrounds, idfs, firsts = np.zeros(size), np.full(size, np.inf), np.full(size, _MOST_LEAD_WORDS - 1)
    np.maximum.at(backgrounds, groups, known["background"])
    np.minimum.at(idfs, groups, known["idf"])
    np.minimum.at(firsts, groups, forms.firsts)
    counts = np.bincount(groups, weights=forms.counts, minlength=size).astype(np.float64, copy=False)
    are_names = np.bincount(groups, weights=capitals, minlength=size) > 0
    return _Stems(numbers, groups, counts, are_names, are_numbers, backgrounds, idfs, firsts)


def _weigh(stems: _Stems, config: SketchConfig) -> NDArray[np.float64]:
    # A word of no count (one of the title, where titles count nothing) weighs nothing, without saturation too.
    saturated = np.maximum(stems.counts + config.saturation, np.finfo(np.float64).tiny)
    weights = stems.counts * (1.0 + config.saturation) / saturated
    weights[stems.are_names] *= 1.0 + config.name_weight
    weights[stems.are_numbers] *= config.number_weight
    return weights * (1.0 + config.lead_weight * _fading(config.lead_words)[stems.firsts])


def _most_salient(salience: NDArray[np.float64], stems: _Stems, vocabulary: Vocabulary, most: int) -> list[int]:
    """Name the places of the most salient stems, the most salient first, ties by spelling."""
    places = np.arange(len(salience))
    if len(salience) > most:
        # As many as are no less salient than the last one wanted: all of those that tie with it are looked at.
        places = np.flatnonzero(salience >= np.partition(salience, -most)[-most])
    spellings = [vocabulary.stems[number] for number in stems.numbers[places].tolist()]
    ranked = sorted(zip((-salience[places]).tolist(), spellings, places.tolist(), strict=True))
    return [place for *_, place in ranked[:most]]


def _spellings(forms: _Forms, stems: _Stems, chosen: list[int], vocabulary: Vocabulary) -> list[str]:
    """Spell stems as the article mostly does, between equals as comes first in the alphabet."""
    commonest = np.empty(len(stems.numbers), np.intp)
    commonest[stems.groups] = np.arange(len(stems.groups))
    numbers = forms.numbers[commonest].tolist()
    several = np.flatnonzero(np.bincount(stems.groups)[stems.groups] > 1)
    best: dict[int, tuple[int, str]] = {}
    for stem, number, num_times in zip(
        stems.groups[several].tolist(), forms.numbers[several].tolist(), forms.num_times[several].tolist(), strict=True
    ):
        rank = -num_times, vocabulary.forms[number]
        best[stem] = min(best.get(stem, rank), rank)
    return [best[stem][1] if stem in best else vocabulary.forms[numbers[stem]] for stem in chosen]


@cache
def _fading(lead_words: float) -> NDArray[np.float64]:
    # From `math`, and once: what numpy makes of `exp` differs in the last bit from one processor to another.
    return np.array([math.exp(-position / lead_words) for position in range(_MOST_LEAD_WORDS)])
