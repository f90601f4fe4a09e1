"""The words of one language as they come, numbered: the Python of `pipeline.detection.kernels.Words`."""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.detection import salience

_ARTICLE_WORDS = 250
"""Length of the article in which a word's background probability to occur is counted."""
_LONGEST_CHUNK = 80
"""Bytes of UTF-8; what is longer hardly comes again."""

Letters = tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]


class Word(NamedTuple):
    """What is known of a word."""

    hash: int
    """Of its lower case."""
    stem: int | None
    """Hash of its stem; none of words too slight to be a term."""
    background: float
    """Probability that an article contains it before there is any news."""
    idf: float
    """Logarithm of 1 / that."""
    is_name: bool
    is_number: bool


class Words:
    """Numbers words as they come.

    Most of a text is words that came before, so it is cut at its spaces, and what lies between two spaces, a chunk, is
    looked up whole. An article is the numbers of its words as bytes, four each.
    """

    def __init__(
        self,
        letters: Letters,
        least_shares: NDArray[np.float64],
        known: dict[str, float] | None,
        cut: Callable[[str], Sequence[str]],
        describe: Callable[[str], tuple[int, int | None, float]],
    ) -> None:
        """Begin without any word.

        Parameters
        ----------
        letters, least_shares, known
            Tables of `pipeline.detection.letters` and `pipeline.detection.background`: they say of most words what
            `cut` and `describe` would, and only the compiled loop needs them.
        cut
            Gives the words of a chunk.
        describe
            Gives the hash of a word's lower case, that of its stem, and its share of all words of the language; no
            stem for words too slight to be a term.
        """
        del letters, least_shares, known
        self._cut = cut
        self._describe = describe
        self._chunks: dict[str, list[int]] = {}
        self._forms: list[str] = []
        self._numbers: dict[str, int] = {}
        self._words: list[Word] = []

    def __len__(self) -> int:
        """Tell how many words and chunks are remembered."""
        return len(self._words) + len(self._chunks)

    def read(self, text: str) -> bytes:
        """Number the words of a text, in order."""
        return array("I", [number for chunk in text.split() for number in self._read_chunk(chunk)]).tobytes()

    def forms(self, numbers: bytes) -> list[str]:
        """Tell how words are written."""
        return [self._forms[number] for number in _numbers(numbers)]

    def hashes(self, numbers: bytes, out: NDArray[np.uint32]) -> None:
        """Give the hashes of words in lower case."""
        out[:] = [self._words[number].hash for number in _numbers(numbers)]

    def salient(
        self,
        title: bytes,
        text: bytes,
        settings: NDArray[np.float64],
        fading: NDArray[np.float64],
        ids: NDArray[np.uint32],
        weights: NDArray[np.float32],
        backgrounds: NDArray[np.float32],
    ) -> tuple[str, ...]:
        """Choose the salient terms of an article.

        Parameters
        ----------
        title, text
            Words in order, by their numbers.
        settings
            Weights and the saturation, as `pipeline.detection.terms` orders them.
        fading
            Share of the lead's weight that is left at each position.
        ids, weights, backgrounds
            Where those of the chosen terms go; there are no more terms than there is room.

        Returns
        -------
        tuple[str, ...]
            How the article writes the terms, the most salient first, ties by id, the hash of the stem.
        """
        found = salience.stems(_numbers(title), _numbers(text), self._words)
        weighed = {term: stem.weight(salience.Settings(*settings.tolist()), fading) for term, stem in found.items()}
        ranked = sorted((-weighed[term] * stem.idf, term) for term, stem in found.items())
        chosen = [term for _, term in ranked[: len(ids)]]
        ids[: len(chosen)] = chosen
        weights[: len(chosen)] = [weighed[term] for term in chosen]
        backgrounds[: len(chosen)] = [found[term].background for term in chosen]
        return tuple(found[term].spelling(self._forms) for term in chosen)

    def _read_chunk(self, chunk: str) -> list[int]:
        numbers = self._chunks.get(chunk)
        if numbers is None:
            numbers = [self._number(form) for form in self._cut(chunk)]
            if len(chunk.encode("utf-8", "surrogatepass")) <= _LONGEST_CHUNK:
                self._chunks[chunk] = numbers
        return numbers

    def _number(self, form: str) -> int:
        number = self._numbers.get(form)
        if number is None:
            hashed, stem, share = self._describe(form)
            background = 1.0 - math.exp(-share * _ARTICLE_WORDS)
            first = form[0]
            word = Word(hashed, stem, background, -math.log(background), first.isupper(), first.isnumeric())
            number = self._numbers[form] = len(self._words)
            self._words.append(word)
            self._forms.append(form)
        return number


def _numbers(words: bytes) -> Sequence[int]:
    return array("I", words)
