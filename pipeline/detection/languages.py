"""Which language an article is written in."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "und"
"""BCP 47's tag for an undetermined language: such articles share a key of their own."""

_SAMPLE_CHARACTERS = 600
_LEAST_LETTERS = 12


def detect_language(title: str, text: str) -> str:
    """Tell the language of an article from its beginning.

    Parameters
    ----------
    title, text
        The first 600 characters of both together decide.

    Returns
    -------
    str
        BCP 47 primary tag, or `UNKNOWN` where there are too few letters to tell.

    References
    ----------
    M. Lui and T. Baldwin, *langid.py*, 2012; A. Barbaresi, *py3langid*, whose package carries the model.
    """
    sample = f"{title}\n{text}"[:_SAMPLE_CHARACTERS]
    if sum(map(str.isalpha, sample)) < _LEAST_LETTERS:
        return UNKNOWN
    return _sole(_identifier().classify(sample)[0])


def _sole(tag: str) -> str:
    return tag.split("-")[0].lower()


@cache
def _identifier() -> "LanguageIdentifier":
    # Loading the model takes a third of a second: only who needs it pays.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)
