"""The words met so far, numbered: what sketching asks of a word is worked out once and then looked up by the array."""

import math
from array import array
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.background import frequency
from pipeline.detection.hashing import hash_words
from pipeline.detection.kernels import kernels
from pipeline.detection.words import chunk_words, know_stem, stem_of_term, term_of

_ARTICLE_WORDS = 250
"""Length of the article in which a word's background probability to occur is counted."""
_MOST_WORDS = 1 << 19
_MOST_CHUNKS = 1 << 20
_SMALLEST = 1 << 12

NO_STEM = 0
"""Number of the stem of words too slight to be a term."""

WORD = np.dtype(
    [
        ("hash", np.uint32),
        ("stem", np.uint32),
        ("background", np.float64),
        ("idf", np.float64),
        ("is_name", np.bool_),
        ("is_number", np.bool_),
    ],
    align=True,
)
"""What is known of a word: hash of its lower case, number of its stem, and how common it is before any news."""

Numbers = NDArray[np.int64]
"""Words in order, by their numbers."""


class _Reader:
    """Numbers the words of one language."""

    def __init__(self, vocabulary: "Vocabulary", language: str) -> None:
        self._vocabulary = vocabulary
        self._language = language
        self._numbers: dict[str, int] = {}
        self.chunks = kernels.Chunks()

    def read(self, text: str) -> Numbers:
        # No word goes across a space, whatever the script.
        return np.frombuffer(self.chunks.read(text.split(), self._read_chunk), np.int64)

    def _read_chunk(self, chunk: str) -> bytes:
        return array("q", [self._number(form) for form in chunk_words(chunk)]).tobytes()

    def _number(self, form: str) -> int:
        number = self._numbers.get(form)
        if number is None:
            number = self._numbers[form] = self._vocabulary.add(form, self._language)
        return number


class Vocabulary:
    """Numbers words as they come; a word of two languages has a number in each.

    Most of a text is words that came before, so it is cut at its spaces, and what lies between two spaces is looked up
    whole. Not safe to share between threads.
    """

    def __init__(self) -> None:
        self.forms: list[str] = []
        """Each word as written, by its number."""
        self.stems: list[str] = [""]
        """Each stem, by its number."""
        self._stem_numbers = {"": NO_STEM}
        self._readers: dict[str, _Reader] = {}
        self.table = np.empty(_SMALLEST, WORD)
        """What is known of each word, by its number."""
        self._new: list[tuple[int, float, float, bool, bool]] = []
        self._new_words: list[str] = []
        self.scratch = _scratch(_SMALLEST)
        """For each word, and each stem, a place to count in; all 0 between two articles."""

    @property
    def is_full(self) -> bool:
        """Whether so much is known that it is time to begin with a new one."""
        return len(self.forms) > _MOST_WORDS or self.num_chunks > _MOST_CHUNKS

    @property
    def num_chunks(self) -> int:
        return sum(len(reader.chunks) for reader in self._readers.values())

    def read(self, text: str, language: str) -> Numbers:
        """Number the words of a text, in order; the same words as `pipeline.detection.words.words` finds."""
        reader = self._readers.get(language)
        if reader is None:
            reader = self._readers[language] = _Reader(self, language)
        numbers = reader.read(text)
        self._take_in_new()
        return numbers

    def add(self, form: str, language: str) -> int:
        """Number a word that is new in its language."""
        number = len(self.forms)
        self.forms.append(form)
        lower, term = form.lower(), term_of(form)
        share = frequency(lower, language)
        if term and term != lower:
            # A part of a word ("don" of "don't") is no rarer than the whole, nor an accented spelling than its plain
            # one.
            share = max(share, frequency(term, language))
        stem = stem_of_term(term)
        know_stem(form, stem)
        stem_number = self._stem_numbers.get(stem)
        if stem_number is None:
            stem_number = self._stem_numbers[stem] = len(self.stems)
            self.stems.append(stem)
        first = form[0]
        self._new.append((stem_number, *_idf(share), first.isupper(), first.isnumeric()))
        self._new_words.append(lower)
        return number

    def hashes(self, numbers: Numbers) -> NDArray[np.uint32]:
        """Give the hashes of words in lower case."""
        return self.table["hash"][numbers]

    def _take_in_new(self) -> None:
        end = len(self.forms)
        if end > len(self.table):
            capacity = 1 << end.bit_length()
            self.table = np.concatenate([self.table, np.empty(capacity - len(self.table), WORD)])
            self.scratch = _scratch(capacity)
        if self._new:
            new = self.table[end - len(self._new) : end]
            columns = hash_words(self._new_words), *zip(*self._new, strict=True)
            # Column by column: numpy takes long over rows of several types.
            for name, column in zip(WORD.names or (), columns, strict=True):
                new[name] = column
            self._new.clear()
            self._new_words.clear()


def _scratch(num_words: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    # Stems are no more than words, but for the empty one.
    return np.zeros(num_words, np.uint32), np.zeros(num_words + 1, np.uint32)


@lru_cache(maxsize=1 << 14)
def _idf(share: float) -> tuple[float, float]:
    """Give the background probability of a word of some share of all words, and the logarithm of 1 / that."""
    background = 1.0 - math.exp(-share * _ARTICLE_WORDS)
    return background, -math.log(background)
