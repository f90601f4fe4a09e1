"""What an article without an id is called, so that the same article is called the same wherever it is read again."""

from hashlib import blake2b

_LONGEST_URL = 4_096
"""Characters; browsers and servers take no longer ones, and normalising takes quadratic time on hostile ones."""


def identify(url: str | None, title: str, text: str) -> str:
    """Derive an article's id.

    Parameters
    ----------
    url
        Address of the article, or none.
    title, text
        Its content, cleaned.

    Returns
    -------
    str
        ``url:`` and the hash of the canonical address when there is one; else ``text:`` and the hash of the title, a
        NUL and the text. The hash is blake2b of the UTF-8 bytes with a digest of 8 bytes, as 16 hexadecimal digits.
    """
    if url:
        return f"url:{_digest(canonical_url(url))}"
    return f"text:{_digest(title + chr(0) + text)}"


def canonical_url(url: str) -> str:
    """Take tracking and other noise off an address, the way courlan does it.

    Returns
    -------
    str
        The address itself, stripped, where courlan gives nothing, and where the query is a bare word
        (``/news?20240131``): courlan drops such a query, and all articles of that outlet would become one.
    """
    url = url.strip()
    query = url.partition("#")[0].partition("?")[2]
    if len(url) > _LONGEST_URL or (query and "=" not in query):
        return url
    from courlan import clean_url  # 115 ms to import: only articles without an id need it

    return clean_url(url) or url


def _digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=8).hexdigest()
