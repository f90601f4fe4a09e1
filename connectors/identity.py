"""What an article without an id is called, so that the same article is called the same wherever it is read again."""

from hashlib import blake2b

_LONGEST_URL = 4_096
"""Characters; browsers and servers take no longer ones, and normalising takes quadratic time on hostile ones."""


_TRACKERS = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"),
    *("fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "mc_cid", "mc_eid"),
)
"""Parameters that only mark how a click came about."""


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
    """Take the noise off an address that says how a reader came to it, not what the page is.

    Returns
    -------
    str
        Without its fragment and the parameters of well-known trackers, the others sorted, as w3lib does it. Anything
        else may tell two articles apart, so it stays. An address that w3lib cannot read is only stripped.
    """
    url = url.strip()
    if len(url) > _LONGEST_URL:
        return url
    from w3lib.url import canonicalize_url, url_query_cleaner  # only articles without an id need it

    try:
        return canonicalize_url(url_query_cleaner(url, _TRACKERS, remove=True))
    except ValueError:
        return url


def _digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=8).hexdigest()
