"""What texts are found by: short enough for an index, whatever the text."""

from hashlib import blake2b

from pipeline.detection.words import term_of, words

_LONGEST_KEY = 200


def without_null(text: str) -> str:
    """Put its picture in the place of the character zero, which PostgreSQL has no room for."""
    return text.replace("\0", "\u2400")


def article_key(article_id: str) -> str:
    """Hash an article's id, which may be of any length, to 32 hexadecimal digits."""
    return blake2b(article_id.encode(), digest_size=16).hexdigest()


def outlet_key(outlet: str) -> str:
    """Give the beginning of an outlet's name, up to 200 characters: PostgreSQL indexes no more than 2,704 bytes."""
    return without_null(outlet[:_LONGEST_KEY])


def word_keys(*texts: str) -> set[str]:
    """Give the words of texts as they are searched for: in lower case, without accents, cut to 200 characters.

    Examples
    --------
    >>> sorted(word_keys("Putin's visit to Élysée", "11-M"))
    ['11', 'elysee', 'm', 'putin', 'to', 'visit']
    """
    return {(term_of(word) or word.casefold())[:_LONGEST_KEY] for text in texts for word in words(text)}
