"""What becomes of single characters as a word is brought to lower case or to its term.

For scripts in which that hangs on nothing around a character; of words written in them, compiled loops make what
`str.lower` and `pipeline.detection.words.term_of` make of any.
"""

import unicodedata

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.words import APOSTROPHES, FIRST_INTRICATE, without_marks


def _table() -> NDArray[np.uint16]:
    """Give the term letter of each character, 0 where it takes more to know; shape ``(ord(FIRST_INTRICATE),)``."""
    return np.array([_term_letter(chr(code)) for code in range(ord(FIRST_INTRICATE))], np.uint16)


def _term_letter(character: str) -> int:
    is_mark = unicodedata.category(character).startswith("M")
    is_foreign_number = character.isnumeric() and not character.isascii()
    if is_mark or is_foreign_number or character in APOSTROPHES:
        return 0
    letter = without_marks(character.casefold())
    return ord(letter) if len(letter) == 1 and letter < FIRST_INTRICATE else 0


TERM_LETTERS = _table()
