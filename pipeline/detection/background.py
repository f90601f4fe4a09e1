"""How common a word is before any news is read: background frequencies per language."""

from functools import cache

import numpy as np
import wordfreq
from numpy.typing import NDArray
from wordfreq.numbers import digit_freq, has_digit_sequence, smash_numbers

_NAMES = {"bs": "sh", "hr": "sh", "sr": "sh", "nn": "nb", "no": "nb", "tl": "fil"}
"""Under which tag wordfreq keeps a language, or its nearest of kin."""

FLOOR = 1e-7
"""Frequency taken for a word that the language's list lacks: rarer words are too rare to tell apart."""


_LONGEST = 80


def _share_of_length(length: int) -> float:
    return max(FLOOR, float(10.0 ** -(1.5 + length / 2)))


_FLOORS = np.full(_LONGEST + 1, FLOOR)
_SHARES_OF_LENGTHS = np.array([_share_of_length(length) for length in range(_LONGEST + 1)])


def frequency(word: str, language: str) -> float:
    """Give a word's share of all words of its language, at least `FLOOR`.

    Where `wordfreq` lacks the language, length stands in for frequency (Zipf's law of abbreviation: short words are
    common): a word of *n* letters is taken to be ``10 ** -(1.5 + n / 2)``. Such a guess only keeps function words out
    of the way until the stream itself tells which words are common.

    Parameters
    ----------
    word
        In lower case, accents kept.
    language
        BCP 47 primary tag.

    References
    ----------
    R. Speer, *wordfreq* 3 (2022), frequencies from eight kinds of text.
    """
    known = known_shares(language)
    if known is None:
        return _share_of_length(len(word))
    if not word.isalpha() and has_digit_sequence(word):
        return max(FLOOR, known.get(smash_numbers(word), 0.0) * float(digit_freq(word)))
    return max(FLOOR, known.get(word, 0.0))


def least_shares(language: str) -> NDArray[np.float64]:
    """Give the shares of words that the list of a language lacks, by their length; the last is that of longer ones."""
    return _FLOORS if known_shares(language) is not None else _SHARES_OF_LENGTHS


@cache
def known_shares(language: str) -> dict[str, float] | None:
    """Give the list of a language, None where there is none. Words of several digits are in it by their shape."""
    language = _NAMES.get(language, language)
    # wordfreq itself would take English for Welsh or Amharic: then no function word would be known.
    if language not in wordfreq.available_languages("small"):
        return None
    # The small lists (words above one in a million) load in a twentieth of the time of the large ones.
    frequencies: dict[str, float] = wordfreq.get_frequency_dict(language, wordlist="small")
    return frequencies
