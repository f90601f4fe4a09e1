"""Signatures and buckets, against datasketch and against arithmetic."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.hashing import word_hash
from pipeline.detection.minhash import EMPTY, SEED, bucket_keys, low_bytes, signature, similarities
from pipeline.detection.sketch import shingles, sketch_article, weighted_elements
from pipeline.detection.words import words
from pipeline.records import Article
from tests.detection.making import BASE, CONFIG, text_of

HASHES = st.lists(st.integers(0, 2**32 - 1), max_size=60)
TEXTS = [text_of("one"), "Ein Satz.", "首相は東京でスピーチした。" * 5, "one", ""]


def datasketch_signature(elements: np.ndarray, num_perm: int) -> list[int]:
    peer = MinHash(num_perm=num_perm, seed=SEED, scheme="affine32", hashfunc=lambda element: element)
    peer.update_batch(elements.tolist())
    return peer.hashvalues.tolist()


@given(HASHES, st.sampled_from([1, 2, 16, 128, 256]))
def test_a_signature_is_that_of_datasketch_to_the_bit(hashes: list[int], num_perm: int) -> None:
    elements = np.array(hashes, np.uint32)
    assert signature(elements, num_perm).tolist() == datasketch_signature(elements, num_perm)


@pytest.mark.parametrize("text", TEXTS)
def test_signatures_of_copies_and_of_stories_are_those_of_datasketch(text: str) -> None:
    sketch = sketch_article(Article(id="a", title="", text=text, observed_at=BASE, language="en"), CONFIG)
    hashes = np.array([word_hash(written.lower()) for written in words(text)], np.uint32)
    of_copies = datasketch_signature(shingles(hashes, CONFIG.copies.shingle_words), 64)
    assert sketch.copy_signature.tolist() == [value & 0xFF for value in of_copies]
    elements = weighted_elements(sketch)
    assert signature(elements, 128).tolist() == datasketch_signature(elements, 128)


def test_the_empty_set_has_a_signature_of_all_ones() -> None:
    empty = signature(np.empty(0, np.uint32), 8)
    assert empty.tolist() == [0xFFFFFFFF] * 8
    assert empty.min() == EMPTY


@given(HASHES)
def test_order_and_repeats_of_elements_change_nothing(hashes: list[int]) -> None:
    once = signature(np.array(sorted(set(hashes)), np.uint32), 32)
    assert np.array_equal(once, signature(np.array(hashes[::-1] + hashes, np.uint32), 32))


def with_jaccard(shared: int, own: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.random.RandomState(seed).randint(0, 2**32, shared + 2 * own, np.uint32)
    return values[: shared + own], np.concatenate((values[:shared], values[shared + own :]))


@pytest.mark.parametrize(("shared", "own"), [(100, 0), (90, 5), (50, 25), (20, 40), (0, 50)])
def test_similarity_estimates_jaccard(shared: int, own: int) -> None:
    jaccard = shared / (shared + 2 * own)
    first, second = with_jaccard(shared, own, seed=shared)
    whole = signature(first, 1024), signature(second, 1024)
    for ours, theirs in (whole, tuple(map(low_bytes, whole))):
        (estimate,) = similarities(ours[None], theirs)
        assert estimate == pytest.approx(jaccard, abs=0.01 + 4 * (jaccard * (1 - jaccard) / 1024) ** 0.5)


@pytest.mark.parametrize(("shared", "own"), [(40, 80), (50, 50), (60, 20), (100, 5)])
def test_buckets_are_shared_along_the_s_curve(shared: int, own: int) -> None:
    jaccard, bands, rows, trials = shared / (shared + 2 * own), 8, 3, 300
    collisions = 0
    for seed in range(trials):
        first, second = (
            bucket_keys(signature(elements, bands * rows), rows) for elements in with_jaccard(shared, own, seed)
        )
        collisions += bool((first == second).any())
    expected = 1 - (1 - jaccard**rows) ** bands
    assert collisions / trials == pytest.approx(expected, abs=0.12)


def test_bucket_keys_are_equal_exactly_where_all_rows_of_the_band_are() -> None:
    first = np.arange(12, dtype=np.uint32)
    second = first.copy()
    second[4] = 99
    assert (bucket_keys(first, 3) == bucket_keys(second, 3)).tolist() == [True, False, True, True]
    assert bucket_keys(first, 3)[0] != bucket_keys(first[[1, 0, 2]], 3)[0]


def test_rows_that_do_not_divide_the_signature_are_refused_with_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"signature of 128 values .* bands of 3 rows: choose rows that divide 128"):
        bucket_keys(np.zeros(128, np.uint32), 3)


SKETCH_ALL = """
import hashlib, sys
from datetime import UTC, datetime
from pipeline.config import DetectionConfig
from pipeline.detection.codec import encode_sketch
from pipeline.detection.sketch import copy_keys, sketch_article, story_keys
from pipeline.records import Article
digest = hashlib.sha256()
config = DetectionConfig()
for text in TEXTS:
    article = Article(id="a", title=text[:20], text=text, observed_at=datetime(2024, 1, 1, tzinfo=UTC))
    sketch = sketch_article(article, config)
    digest.update(encode_sketch(sketch))
    digest.update(copy_keys(sketch, config.copies).tobytes() + story_keys(sketch, config.stories).tobytes())
print(digest.hexdigest())
"""


def test_sketches_and_bucket_keys_are_the_same_in_every_process(pytestconfig: pytest.Config) -> None:
    texts = [*TEXTS, "Президент прибыл в Київ.", "Der Bundestag hat am Dienstag das Gesetz beschlossen. " * 9]
    program = SKETCH_ALL.replace("TEXTS", repr(texts))
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(pytestconfig.rootpath))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
