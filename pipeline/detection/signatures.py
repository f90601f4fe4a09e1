"""The copy signatures of the live articles, in one table, so that many are compared at once."""

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.minhash import similarities

_SMALLEST = 64


class Signatures:
    """A ring of signatures: that of an article lies at its number, modulo the length of the table.

    Space is 4 to 8 bytes a permutation and live article.

    Parameters
    ----------
    num_perm
        Length of each signature.
    """

    def __init__(self, num_perm: int) -> None:
        self._rows = np.empty((_SMALLEST, num_perm), np.uint32)

    def put(self, number: int, signature: NDArray[np.uint32], first: int) -> None:
        """Keep the signature of the next article; the live ones begin with number `first`."""
        if number - first >= len(self._rows):
            live = np.arange(first, number)
            grown = np.empty((2 * len(self._rows), self._rows.shape[1]), np.uint32)
            grown[live % len(grown)] = self._rows[live % len(self._rows)]
            self._rows = grown
        self._rows[number % len(self._rows)] = signature

    def similarities(self, numbers: NDArray[np.int64], signature: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Estimate how like each of these live articles a signature is, shape ``(len(numbers),)``."""
        return similarities(self._rows[numbers % len(self._rows)], signature)
