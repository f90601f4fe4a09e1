"""Strings as they may go on: valid Unicode, without control characters, without white space around them."""

import re

# NUL breaks databases and C libraries; lone surrogates cannot be written as UTF-8.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")


def clean(text: str) -> str:
    """Remove C0 controls except newline and tab, and lone surrogates; make every line end a newline; strip."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub("", text).strip()


def has_words(text: str) -> bool:
    """Whether there is a letter or digit of any script."""
    return _LETTER_OR_DIGIT.search(text) is not None


def primary_subtag(tag: str) -> str | None:
    """Reduce a BCP 47 tag to its language in lower case (``en-GB`` and ``EN_gb`` to ``en``); none when it is no tag."""
    match = _LANGUAGE_TAG.fullmatch(tag)
    return match and match[1].lower()
