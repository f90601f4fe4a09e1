"""Words, in every script: where they begin and end, and the form under which two spellings are one term."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from unicodedata import is_normalized

import regex

# Unicode's word boundaries (UAX #29), as the regex library implements them; `\w` would cut Devanagari at vowel signs.
_WORD = regex.compile(r"(?w)\b[\p{Alphabetic}\p{N}].*?\b", regex.V1 | regex.DOTALL)
UNSPACED = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_HAS_UNSPACED = regex.compile(f"[{UNSPACED}]", regex.V1)
_MAY_BE_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u19ff\u2e80-\U0010ffff]")
"""A quick look for the blocks of those scripts, and of a few others."""
_UNSPACED_RUN = regex.compile(rf"(?:[{UNSPACED}][\p{{M}}\u30fc]*)+|[^{UNSPACED}]+", regex.V1)
_CLUSTER = regex.compile(r"\X", regex.V1)
# Accents, Hebrew points, Arabic vowel signs and the stretching tatweel. Marks of Indic scripts are vowels: they stay.
_MARKS = regex.compile(r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]", regex.V1)
APOSTROPHES = "'’ʼ＇"
_APOSTROPHE = regex.compile(f"[{APOSTROPHES}]")
EDGES = "\"'.,:;!?()[]{}<>/|*#&-–—…“”„‘’«»"
"""What often stands before and behind a word, and belongs to none there."""
FIRST_INTRICATE = "\u0590"
"""From here on are scripts whose letters alone do not make a word; before it are Latin, Greek and Cyrillic."""
_SHORTEST_PART = 3
_PREFIX_LETTERS = 6


def _spaced_words(text: str) -> list[str]:
    found: list[str] = _WORD.findall(text)
    return found


def words(text: str) -> list[str]:
    """Cut text into words as written, in order.

    Words end where Unicode's default word boundaries say. Scripts that put no space between words (Chinese, Japanese
    kana, Thai, Lao, Khmer, Burmese, Tibetan) give overlapping pairs of characters instead, as is usual for retrieval
    without a dictionary.

    Parameters
    ----------
    text
        Any text; compatibility forms (full-width letters, ligatures) are first brought to their plain form.

    References
    ----------
    Unicode Standard Annex #29, *Unicode Text Segmentation*; #15, *Unicode Normalization Forms* (NFKC).

    Examples
    --------
    >>> words("The U.S. can't land 3,000 men")
    ['The', 'U.S', "can't", 'land', '3,000', 'men']
    >>> words("हिन्दी समाचार")
    ['हिन्दी', 'समाचार']
    >>> words("東京タワー")
    ['東京', 'タワー']
    """
    return [word for chunk in text.split() for word in chunk_words(chunk)]


def chunk_words(text: str) -> list[str]:
    """Cut what stands between two spaces into words."""
    bare = text.strip(EDGES)
    if bare.isalpha() and (bare.isascii() or (max(bare) < FIRST_INTRICATE and is_normalized("NFKC", bare))):
        # Most of what stands between two spaces is such: the way below would take five times as long to find so.
        return [bare]
    if text.isascii():
        return _spaced_words(text)
    # Behind a space a mark or an invisible character that begins the text joins no word, as anywhere else in it.
    text = unicodedata.normalize("NFKC", f" {text}")
    if _MAY_BE_UNSPACED.search(text) is None or _HAS_UNSPACED.search(text) is None:
        return _spaced_words(text)
    return [word for run in _UNSPACED_RUN.findall(text) for word in _run_words(run)]


def _run_words(run: str) -> Iterator[str]:
    if _HAS_UNSPACED.match(run) is None:
        yield from _spaced_words(run)
        return
    clusters = _CLUSTER.findall(run)
    if len(clusters) == 1:
        yield run
    for first, second in pairwise(clusters):
        yield first + second


def term_of(word: str) -> str:
    """Bring a written word to its term: lower case, no accents, no thousands separators, no possessive or elided part.

    Returns an empty string for a word too slight to be a term (a single letter of an alphabet).

    Examples
    --------
    >>> [term_of(word) for word in ("Putin's", "l’Élysée", "Αθήνα", "3,000", "a")]
    ['putin', 'elysee', 'αθηνα', '3000', '']
    """
    if word.isascii() and word.isalpha():
        # Most words are plain; the way below would take five times as long to find so.
        return word.lower() if len(word) > 1 else ""
    parts = [part for part in _APOSTROPHE.split(word) if len(part) >= _SHORTEST_PART]
    term = max(parts, key=len) if parts else word
    term = term.casefold()
    if not term.isascii():
        term = without_marks(term)
    if term[:1].isnumeric():
        term = term.replace(",", "")
    return term if len(term) > 1 or not term.isascii() or term.isdigit() else ""


def without_marks(text: str) -> str:
    """Take accents, points and the like from letters."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))


def stem_of(word: str) -> str:
    """Bring a written word to its stem.

    Examples
    --------
    >>> stem_of("Presidents'"), stem_of("1987"), stem_of("zemětřesení")
    ('presid', '1987', 'zemetr')
    """
    return stem_of_term(term_of(word))


def stem_of_term(term: str) -> str:
    """Cut a term to its first six letters: coarse, and the same in every language that inflects at the end."""
    return term if term[:1].isnumeric() else term[:_PREFIX_LETTERS]
