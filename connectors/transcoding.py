"""JSON in UTF-16 or UTF-32 turned into UTF-8 on the way, so that lines and brackets can be found in it."""

import codecs
from collections.abc import Iterable, Iterator

from connectors.encodings import bom_encoding

_MARK_BYTES = 4

# A lone surrogate is no valid UTF-8, so the parser calls the article undecodable; U+FFFD would hide the damage.
codecs.register_error("wirewatch-keep-damage", lambda error: ("\udcff", getattr(error, "end", 0)))


def to_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Take the byte order mark off a stream, and change UTF-16 and UTF-32 behind one into UTF-8.

    Parameters
    ----------
    chunks
        Pieces of any size of a text in UTF-8, or in any Unicode encoding behind its byte order mark.

    Yields
    ------
    bytes
        UTF-8, except where the input is damaged: there it is no valid UTF-8 either.
    """
    chunks = iter(chunks)
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= _MARK_BYTES:
            break
    encoding, skip = bom_encoding(start) or ("utf-8", 0)
    if encoding == "utf-8":
        yield start[skip:]
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("wirewatch-keep-damage")
    yield decoder.decode(start[skip:]).encode("utf-8", "surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")
