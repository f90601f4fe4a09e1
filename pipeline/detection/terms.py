"""The salient terms of an article: which words say what it is about, and how much each says."""

import math
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import SketchConfig
from pipeline.detection.vocabulary import Numbers, Vocabulary

_MOST_LEAD_WORDS = 1 << 16
"""Beyond it the extra weight of the beginning fades no further."""


class Terms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The salient terms of one article, column by column, the most telling first."""

    forms: tuple[str, ...]
    """As they stand in the article; `stem_of` gives the term under which articles are compared."""
    weights: NDArray[np.float16]
    """How much the article dwells on each, before any idf: saturating in occurrences, more for names and numbers."""
    backgrounds: NDArray[np.float16]
    """Probability that an article of this language contains it, whatever the news."""


def salient_terms(
    title: Numbers, text: Numbers, vocabulary: Vocabulary, config: SketchConfig
) -> tuple[Terms, NDArray[np.uint32]]:
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
        At most ``config.num_terms``, chosen by weight times background idf, ties by id.
    NDArray[np.uint32]
        Their ids, as `pipeline.detection.ids.term_ids` gives them.
    """
    ids, columns = np.empty(config.num_terms, np.uint32), np.empty((2, config.num_terms), np.float32)
    forms = vocabulary.words.salient(title, text, _settings(config), _fading(config.lead_words), ids, *columns)
    # Three digits are enough, and half the space.
    weights, backgrounds = columns[:, : len(forms)].astype(np.float16)
    return Terms(forms, weights, backgrounds), ids[: len(forms)]


@cache
def _settings(config: SketchConfig) -> NDArray[np.float64]:
    return np.array(
        [config.title_weight, config.saturation, config.name_weight, config.number_weight, config.lead_weight]
    )


@cache
def _fading(lead_words: float) -> NDArray[np.float64]:
    # From `math`, and once: what numpy makes of `exp` differs in the last bit from one processor to another.
    return np.array([math.exp(-position / lead_words) for position in range(_MOST_LEAD_WORDS)])
