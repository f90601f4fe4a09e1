"""Hashes that stay the same across processes, machines and years."""

from hashlib import blake2b

import xxhash


def word_hash(word: str) -> int:
    """Hash a word to 32 bits (XXH32 of its UTF-8)."""
    return xxhash.xxh32_intdigest(word.encode("utf-8", "surrogatepass"))


def short_digest(*parts: str) -> str:
    """Name a piece of content by 16 hexadecimal digits of BLAKE2b; parts are kept apart by a zero byte."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
