"""The words met so far, numbered: what sketching asks of a word is worked out once and then looked up by its number."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.background import frequency, known_shares, least_shares
from pipeline.detection.hashing import word_hash
from pipeline.detection.kernels import kernels
from pipeline.detection.letters import letters
from pipeline.detection.words import chunk_words, stem_of_term, term_of

_MOST_KNOWN = 3 << 18
"""Words and chunks, in all languages; some 75 MB."""
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
        self._words: list[kernels.Words] = []
        """Theirs; asked for every article how many they are."""

    def of(self, language: str) -> Vocabulary:
        """Give a vocabulary for one article."""
        if self.are_full:
            self._by_language.clear()
            self._words.clear()
        vocabulary = self._by_language.get(language)
        if vocabulary is None:
            vocabulary = self._by_language[language] = Vocabulary(language)
            self._words.append(vocabulary.words)
        return vocabulary

    @property
    def are_full(self) -> bool:
        """Whether so much is known that it is time to begin anew."""
        return len(self._words) > _MOST_LANGUAGES or sum(map(len, self._words)) > _MOST_KNOWN


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
