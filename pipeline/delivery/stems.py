"""Under what words of a watchlist and of an event are the same. Pure."""

from functools import lru_cache

import snowballstemmer

from pipeline.detection.words import stem_of, term_of, words

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""Snowball's stemmers by the language that detection tells."""


def stems_of(text: str, language: str) -> list[frozenset[str]]:
    """Give the stems of each word of a text, in order; two words are the same if they share one.

    There is the coarse stem of detection, the first six letters, which joins "Präsident" and "Präsidentin" in every
    language. And there is that of Snowball, where it knows the language, which joins short ones such as "ferry" and
    "ferries". A word that is no term (a single letter) stands for itself.

    Parameters
    ----------
    text
        Any text.
    language
        BCP 47 primary tag. Words of a rule are looked for as if they were of the event's language.

    Examples
    --------
    >>> [sorted(stems) for stems in stems_of("Ferries, l'Élysée & 9", "en")]
    [['ferri', 'ferrie'], ['elyse', 'elysee'], ['9']]
    """
    return [_stems_of_word(word, language) for word in words(text)]


# Snowball in Python takes tens of microseconds a word, and news uses the same words again.
@lru_cache(maxsize=1 << 16)
def _stems_of_word(word: str, language: str) -> frozenset[str]:
    found = {stem_of(word) or word.casefold()}
    if language in _ALGORITHMS:
        # A stemmer holds the word that it works on, so no two threads may share one; making one costs next to nothing.
        found.add(term_of(snowballstemmer.stemmer(_ALGORITHMS[language]).stemWord(word.lower())))
    return frozenset(filter(None, found))
