"""The table of signatures against a dictionary."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.signatures import Signatures

NUM_PERM = 4


def signature_of(number: int) -> np.ndarray:
    return np.random.RandomState(number).randint(0, 3, NUM_PERM, np.uint32)


@given(st.sampled_from([0, 1, 63, 1000]), st.lists(st.integers(0, 40), max_size=300))
def test_it_compares_with_every_live_article(first: int, steps: list[int]) -> None:
    signatures, oldest = Signatures(NUM_PERM), first
    for number, step in enumerate(steps, first):
        signatures.put(number, signature_of(number), oldest)
        # Now and then some of the oldest go, at most all.
        oldest = min(number + 1, oldest + step // 20)
    live = np.arange(oldest, first + len(steps))
    other = signature_of(7)
    expected = [np.mean(signature_of(number) == other) for number in live.tolist()]
    assert signatures.similarities(live, other).tolist() == expected
