"""Hashes that stay the same across processes, machines and years."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import xxhash
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels


def word_hash(word: str) -> int:
    """Hash a word to 32 bits (XXH32 of its UTF-8)."""
    return xxhash.xxh32_intdigest(word.encode("utf-8", "surrogatepass"))


def hash_words(words: Sequence[str | bytes]) -> NDArray[np.uint32]:
    """Hash many words, as `word_hash` does."""
    hashes = np.empty(len(words), np.uint32)
    kernels.hash_words(words, hashes)
    return hashes


def short_digest(*parts: str) -> str:
    """Name a piece of content by 16 hexadecimal digits of BLAKE2b; parts are kept apart by a zero byte."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
