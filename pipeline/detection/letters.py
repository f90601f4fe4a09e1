"""What is known of single characters: what words are cut and brought to their terms by, without looking any further.

For the compiled loops, which take from here whatever hangs on a character alone, or on it and its neighbours, and ask
`pipeline.detection.words` for the rest: scripts whose marks are vowels, or that put no space between words.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import regex
from numpy.typing import NDArray

from pipeline.detection.words import APOSTROPHES, EDGES, FIRST_INTRICATE, UNSPACED, without_marks

_CHARACTERS = "".join(map(chr, range(0x20D0)))
"""Latin, Greek, Cyrillic, Ethiopic and others, and the signs that are not in ASCII."""

# What a character is to the boundaries of words (UAX #29); 0 where it takes more to know.
_WORD_BREAKS = (r"\p{WB=ALetter}", "[0-9]", r"[\p{WB=Other}\"]", ":", r"['\p{WB=MidNumLet}]", "[,;]", "_")
_LETTER, _DIGIT = 1, 2
_EDGE, _PLAIN, _APOSTROPHE, _VOWEL, _ELIDING = (1 << bit for bit in range(3, 8))
_CAPITAL, _IN_NAME, _ODD, _JOINT, _BLANK = (1 << bit for bit in range(8, 13))


class Letters(NamedTuple):
    """Tables by code point, shape ``(len(_CHARACTERS),)``."""

    classes: NDArray[np.uint16]
    """How it breaks words in the lowest three bits, and above them what else it is."""
    lower: NDArray[np.uint16]
    """What `str.lower` makes of it; 0 where that is not one character, or hangs on its neighbours."""
    term: NDArray[np.uint16]
    """What `pipeline.detection.words.term_of` makes of it, 0 likewise."""


@cache
def letters() -> Letters:
    """Give the tables; made when first asked for, since that takes some milliseconds."""
    marks_and_jamo = _members(r"[\p{M}\p{Hangul}]")
    term = [0 if character in marks_and_jamo else _term_letter(character) for character in _CHARACTERS]
    lower = [_code(character.lower()) if character != "Σ" else 0 for character in _CHARACTERS]
    return Letters(_classes(), np.array(lower, np.uint16), np.array(term, np.uint16))


def _members(pattern: str) -> set[str]:
    return set(regex.findall(pattern, _CHARACTERS, regex.V1))


def _classes() -> NDArray[np.uint16]:
    in_name = _members(r"[\p{L}\p{M}\p{N}]")
    known = _breaks()
    flags = {
        _EDGE: EDGES,
        _PLAIN: [character for character in known if character.isalpha() and character < FIRST_INTRICATE],
        _APOSTROPHE: "'’",
        _VOWEL: _vowels({character for character, place in known.items() if place == _LETTER}),
        _ELIDING: set(APOSTROPHES) & set(_CHARACTERS),
        _CAPITAL: _members(r"\p{Lu}"),
        _IN_NAME: in_name,
        _ODD: in_name ^ _members(r"\w"),
        _JOINT: "'’-",
        _BLANK: " \u00a0",
    }
    classes = np.zeros(len(_CHARACTERS), np.uint16)
    for character, place in known.items():
        classes[ord(character)] = place
    for flag, characters in flags.items():
        classes[list(map(ord, characters))] |= flag
    return classes


def _breaks() -> dict[str, int]:
    """Tell of the characters that hang on nothing but their neighbours which of `_WORD_BREAKS` they are."""
    intricate = _members(rf"[\p{{M}}\p{{Hangul}}{UNSPACED}]")
    in_words = _members(r"[\p{Alphabetic}\p{N}]")
    breaks = {}
    for place, pattern in enumerate(_WORD_BREAKS, start=1):
        for character in _members(pattern) - intricate:
            is_as_usual = character.isalpha() == (place == _LETTER) and (character in in_words) == (place <= _DIGIT)
            if is_as_usual and unicodedata.is_normalized("NFKC", character):
                breaks[character] = place
    return breaks


def _vowels(letters: set[str]) -> set[str]:
    """Give the letters before which the regex library lets no word begin, nor end, where an apostrophe precedes."""
    elided = " ".join(f"'{letter}" for letter in letters)
    return letters - set(regex.findall(r"(?w)(?<=')\b.", elided, regex.V1))


def _term_letter(character: str) -> int:
    is_foreign_number = character.isnumeric() and not character.isascii()
    return 0 if is_foreign_number else _code(without_marks(character.casefold()))


def _code(letters: str) -> int:
    return ord(letters) if len(letters) == 1 and letters <= _CHARACTERS[-1] else 0
