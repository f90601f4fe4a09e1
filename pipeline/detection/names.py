"""Names as they stand in a text: two and more words with capital letters that stand together."""

from functools import lru_cache

import regex

from pipeline.detection.background import frequency
from pipeline.detection.kernels import kernels
from pipeline.detection.letters import letters

_MOST_WORDS = 5
_MOST_NAMES = 12
_MOST_LETTERS = 60
_COMMON = 0.002
"""Share of all words from which a word is one that sentences begin with ("The", "On"), not a part of a name."""

_WORD = r"\p{Lu}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*"
_RUN = regex.compile(rf"\b{_WORD}(?:[ \u00a0]{_WORD}){{1,{_MOST_WORDS - 1}}}\b", regex.V1)
_POSSESSIVES = "'s", "’s"


def whole_names(text: str, language: str) -> tuple[str, ...]:
    """Find the names of more than one word, the most frequent first; of equals the first.

    Scripts without capital letters have none that could be told so.

    Parameters
    ----------
    text
        Without the title: where those capitalise every word, they would make names of anything.
    language
        BCP 47 primary tag; says which words are too common to begin a name.

    Examples
    --------
    >>> whole_names("On Friday the Prime Minister met Ana Sousa. Ana Sousa's aides left.", "en")
    ('Ana Sousa', 'Prime Minister')
    """
    runs = kernels.capital_runs(text, letters().classes, capital_runs)
    counts: dict[str, int] = {}
    for run in runs:
        name = _trimmed(run, language)
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts, key=counts.__getitem__, reverse=True)[:_MOST_NAMES])


def capital_runs(text: str) -> list[str]:
    """Find the runs of two and more words with capital letters."""
    found: list[str] = _RUN.findall(text)
    return found


def _trimmed(run: str, language: str) -> str | None:
    """Give the run without the words that only begin a sentence; none if it is no longer a name."""
    words = run.split()
    while words and _is_common(words[0], language):
        del words[0]
    name = " ".join(words)
    if name.endswith(_POSSESSIVES):
        name = name[:-2]
    return name if len(words) > 1 and len(name) <= _MOST_LETTERS else None


@lru_cache(maxsize=1 << 14)
def _is_common(word: str, language: str) -> bool:
    return frequency(word.lower(), language) >= _COMMON
