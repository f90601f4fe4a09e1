"""What users have at hand for parts of the work: yardsticks on the same articles."""

from collections.abc import Sequence

import numpy as np
from datasketch import MinHash, MinHashLSH
from rensa import RMinHash
from river.cluster import TextClust
from river.feature_extraction import BagOfWords
from sklearn.feature_extraction.text import TfidfVectorizer
from xxhash import xxh32_intdigest

from pipeline.detection.hashing import hash_words
from pipeline.detection.kernels import kernels
from pipeline.detection.minhash import SEED, bucket_keys, signature
from pipeline.detection.words import words
from pipeline.records import Article
from tests.benchmarks.speed.measuring import Side

NUM_PERM = 128
_BANDS, _ROWS = 32, 4
_DEPTH = 8


def text_handling(articles: Sequence[Article]) -> Side:
    texts = [f"{article.title}\n{article.text}" for article in articles]
    return Side("TfidfVectorizer", lambda: TfidfVectorizer().fit_transform(texts), len(texts))


def stream_clustering(articles: Sequence[Article]) -> Side:
    texts = [f"{article.title}\n{article.text}" for article in articles]
    return Side("river TextClust", lambda: _cluster(texts), len(texts))


def token_sets(articles: Sequence[Article]) -> list[list[bytes]]:
    """Give the shingles of three words of each article that has any."""
    found = []
    for article in articles:
        text = [word.lower() for word in words(f"{article.title}\n{article.text}")]
        found.append([" ".join(text[start : start + 3]).encode() for start in range(len(text) - 2)])
    return [tokens for tokens in found if tokens]


def minhashes(sets: Sequence[list[bytes]]) -> list[Side]:
    """Signatures of the same sets; datasketch and we hash tokens by the same function, rensa by its own."""
    return [
        Side("signature", lambda: [_signature(tokens) for tokens in sets], len(sets)),
        Side("datasketch MinHash.bulk", lambda: _datasketch(sets), len(sets)),
        Side("rensa", lambda: RMinHash.digests_from_token_sets(sets, NUM_PERM, SEED), len(sets)),
    ]


def indexes(sets: Sequence[list[bytes]]) -> list[Side]:
    """Finding and entering the same signatures, one after the other."""
    theirs = _datasketch(sets)
    ours = [peer.hashvalues.astype(np.uint32) for peer in theirs]
    return [
        Side("bucket index", lambda: _index(ours), len(sets)),
        Side("datasketch MinHashLSH", lambda: _datasketch_index(theirs), len(sets)),
    ]


def check_equal(sets: Sequence[list[bytes]]) -> None:
    """Make sure that what is compared is the same to the bit."""
    for tokens, peer in zip(sets, _datasketch(sets), strict=True):
        assert np.array_equal(_signature(tokens), peer.hashvalues)


def _signature(tokens: list[bytes]) -> np.ndarray:
    return signature(hash_words(tokens), NUM_PERM)


def _datasketch(sets: Sequence[list[bytes]]) -> list[MinHash]:
    return MinHash.bulk(sets, num_perm=NUM_PERM, seed=SEED, scheme="affine32", hashfunc=xxh32_intdigest)


def _index(signatures: Sequence[np.ndarray]) -> None:
    index = kernels.BucketIndex(_BANDS, _DEPTH)
    for each in signatures:
        keys = bucket_keys(each, _ROWS)
        index.find(keys, 64)
        index.add(keys)


def _datasketch_index(signatures: Sequence[MinHash]) -> None:
    index = MinHashLSH(num_perm=NUM_PERM, params=(_BANDS, _ROWS))
    for place, each in enumerate(signatures):
        index.query(each)
        index.insert(place, each)


def _cluster(texts: Sequence[str]) -> None:
    # By the order of the texts, not by the clock: it takes times as an argument that its pipeline cannot pass on.
    words, clusters = BagOfWords(lowercase=True, ngram_range=(1, 2)), TextClust(real_time_fading=False)
    for text in texts:
        counts = words.transform_one(text)
        clusters.predict_one(counts)
        clusters.learn_one(counts)
