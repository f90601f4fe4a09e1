"""A simulated newswire of any length: articles with the statistics of real ones, and no text of anyone.

What is imitated, and how:

- **Words** come from `wordfreq`'s English list by their frequency. A share of them is new to the stream (numbers and
  invented names), so the vocabulary never stops growing, as in real news.
- **Lengths** are log-normal.
- **Stories**: an article continues the story of one of the last articles, drawn by lot, or begins a new one. So what
  was much reported is reported more, sizes have a heavy tail (H. Simon, *On a class of skew distribution functions*,
  1955), and stories die out. Each has words of its own: invented names, and rarer words of the language.
- **Copies** repeat one of the last reports in another outlet, cut at the end or with a line added.
- **Dates** follow each other at random, by day twice as dense as the mean and by night hardly at all.

``python -m tests.benchmarks.stream.compare`` sets it beside real articles.
"""

import math
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import wordfreq
from numpy.typing import NDArray

from pipeline.records import Article

START = datetime(2026, 1, 5, tzinfo=UTC)
_NEW_STORY = 0.3
_COPY = 0.03
_RECENT = 3_000
"""Articles among which a story to be continued, or an article to be copied, is drawn."""
_MEDIAN_WORDS, _SPREAD = 80.0, 1.15
_FEWEST_WORDS, _MOST_WORDS = 8, 3_000
_OWN_WORDS, _OWN_NAMES = 24, 10
_OWN_SHARE = 0.22
"""Of an article's words, those of its story's own ..."""
_NEW_SHARE = 0.015
"""... and those that are new to the stream."""
_SENTENCE = 19
_OUTLETS = 300
_SYLLABLES = (
    "ba",
    "den",
    "for",
    "gal",
    "hin",
    "jor",
    "kam",
    "lo",
    "mer",
    "nov",
    "pa",
    "qui",
    "ros",
    "sta",
    "tol",
    "um",
)


class Newswire:
    """Writes articles in the order of their dates.

    Parameters
    ----------
    num_articles, days
        How many, in how many days.
    seed
        The same seed writes the same articles.
    """

    def __init__(self, num_articles: int, days: float, seed: int = 0) -> None:
        self._num_articles = num_articles
        self._gap = days * 86_400 / num_articles
        self._chance = np.random.default_rng(seed)
        self._stories: deque[NDArray[np.str_]] = deque(maxlen=_RECENT)
        self._reports: deque[list[str]] = deque(maxlen=_RECENT)

    def __iter__(self) -> Iterator[Article]:
        seconds = 0.0
        for number in range(self._num_articles):
            # As many in a day as without a rhythm: between half the mean gap by day and many times it by night.
            rhythm = 1.0 - 0.9 * math.cos(2 * math.pi * seconds / 86_400)
            seconds += self._chance.exponential(self._gap) / rhythm
            words = self._words()
            yield Article(
                id=f"simulated:{number}",
                title=" ".join(words[:9]),
                text=_punctuated(words[9:]),
                observed_at=START + timedelta(seconds=seconds),
                outlet=f"outlet-{int(_OUTLETS * self._chance.random() ** 2)}.example",
                language="en",
                source=f"simulated:{number}",
            )

    def _words(self) -> list[str]:
        if self._reports and self._chance.random() < _COPY:
            return self._copied()
        if not self._stories or self._chance.random() < _NEW_STORY:
            own = self._new_story()
        else:
            own = self._stories[self._chance.integers(len(self._stories))]
        self._stories.append(own)
        words = self._report(own)
        self._reports.append(words)
        return words

    def _new_story(self) -> NDArray[np.str_]:
        words, _ = _background()
        rare = len(words) // 50 + self._chance.integers(len(words) // 4, size=_OWN_WORDS - _OWN_NAMES)
        return np.array([*words[rare], *(self._name() for _ in range(_OWN_NAMES))])

    def _report(self, own: NDArray[np.str_]) -> list[str]:
        size = int(np.clip(self._chance.lognormal(math.log(_MEDIAN_WORDS), _SPREAD), _FEWEST_WORDS, _MOST_WORDS))
        vocabulary, shares = _background()
        words = vocabulary[np.searchsorted(shares, self._chance.random(size))]
        kinds = self._chance.random(size)
        of_story = np.flatnonzero(kinds < _OWN_SHARE)
        # What a story is about most is told most, and first of all.
        words[of_story] = own[(len(own) * self._chance.random(len(of_story)) ** 1.7).astype(int)]
        told = words.tolist()
        for place in np.flatnonzero(kinds > 1.0 - _NEW_SHARE):
            told[place] = self._name() if self._chance.random() < 0.5 else str(self._chance.integers(100_000))
        return told

    def _copied(self) -> list[str]:
        words = self._reports[self._chance.integers(len(self._reports))]
        kept = max(_FEWEST_WORDS, int(len(words) * self._chance.uniform(0.75, 1.0)))
        return words[:kept] if self._chance.random() < 0.5 else [*words[:kept], self._name(), "reported"]

    def _name(self) -> str:
        return "".join(_SYLLABLES[place] for place in self._chance.integers(len(_SYLLABLES), size=4)).capitalize()


def _punctuated(words: list[str]) -> str:
    sentences = [" ".join(words[start : start + _SENTENCE]) for start in range(0, len(words), _SENTENCE)]
    return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences) + "."


@cache
def _background() -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Give the words of the language, the commonest first, and how far their shares add up."""
    frequencies = wordfreq.get_frequency_dict("en", wordlist="small")
    words = sorted((word for word in frequencies if word.isalpha()), key=lambda word: (-frequencies[word], word))
    shares = np.cumsum([frequencies[word] for word in words])
    return np.array(words, dtype=object), shares / shares[-1]
