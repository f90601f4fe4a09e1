"""The hashes by which terms are told apart."""

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.hashing import word_hash
from pipeline.detection.kernels import kernels
from pipeline.detection.letters import letters
from pipeline.detection.words import stem_of

_MOST_IDS = 1 << 17


class _Ids(dict[str, int]):
    """The hash of the stem of each intricate word met lately."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_IDS:
            self.clear()
        found = self[word] = word_hash(stem_of(word))
        return found


_IDS = _Ids()


def forget_ids() -> None:
    _IDS.clear()


def term_ids(forms: tuple[str, ...]) -> NDArray[np.uint32]:
    """Give the hash of the stem of each of some written words, shape ``(len(forms),)``."""
    ids = np.empty(len(forms), np.uint32)
    kernels.term_ids(forms, letters(), _IDS.__getitem__, ids)
    return ids
