"""The words met so far, numbered: what sketching asks of a word is worked out once and then looked up by its number."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.background import frequency, known_shares, least_shares
from pipeline.detection.hashing import word_hash
from pipeline.detection.kernels import kernels
from pipeline.detection.letters import letters
from pipeline.detection.words import chunk_words, stem_of_term, term_of

_MOST_KNOWN = 1 << 19
"""Words and chunks, in all languages, some 32 MB; beyond it the largest vocabulary begins anew."""
_MOST_LANGUAGES = 256
"""Articles may name any; a vocabulary takes some space before its first word."""

Numbers = bytes
"""Words in order, by their numbers; those of title and text are those of both when put together."""


class Vocabulary:
    """The words of one language. Not safe to share between threads."""

    def __init__(self, language: str) -> None:
        tables = letters(), least_shares(language), known_shares(language)
        self.words = kernels.Words(*tables, chunk_words, partial(describe, language=language))

    def __len__(self) -> int:
        return len(self.words)

    def read(self, text: str) -> Numbers:
        """Number the words of a text, in order; the same words as `pipeline.detection.words.words` finds."""
        return self.words.read(text)

    def hashes(self, numbers: Numbers) -> NDArray[np.uint32]:
        """Give the hashes of words in lower case."""
        hashes = np.empty(len(numbers) // 4, np.uint32)
        self.words.hashes(numbers, hashes)
        return hashes


class Vocabularies:
    """The vocabulary of each language. What they hold changes no sketch, only how soon it is made."""

    def __init__(self) -> None:
        self._by_language: dict[str, Vocabulary] = {}

    def __len__(self) -> int:
        """Tell how many words and chunks are remembered."""
        return sum([len(vocabulary.words) for vocabulary in self._by_language.values()])

    def of(self, language: str) -> Vocabulary:
        """Give a vocabulary for one article."""
        vocabularies = self._by_language
        if len(self) > _MOST_KNOWN:
            del vocabularies[max(vocabularies, key=self._size)]
        if language not in vocabularies:
            if len(vocabularies) == _MOST_LANGUAGES:
                # Of many languages most are no such thing: tags that somebody made up.
                del vocabularies[min(vocabularies, key=self._size)]
            vocabularies[language] = Vocabulary(language)
        return vocabularies[language]

    def _size(self, language: str) -> int:
        return len(self._by_language[language])


def describe(form: str, language: str) -> tuple[int, int | None, float]:
    """Give the hash of a word's lower case, that of its stem, and its share of all words of a language.

    A word too slight to be a term has no stem.
    """
    lower, term = form.lower(), term_of(form)
    share = frequency(lower, language)
    if term and term != lower:
        # A part of a word ("don" of "don't") is no rarer than the whole, nor an accented spelling than its plain one.
        share = max(share, frequency(term, language))
    return word_hash(lower), word_hash(stem_of_term(term)) if term else None, share
