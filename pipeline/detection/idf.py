"""How telling a term is: idf that follows the stream, with the language's background as prior."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.kernels import kernels


class StreamIdf:
    """Counts in how many live reports each term stands.

    ``idf = -ln((df + prior * p) / (n + prior))``, where *df* of the *n* live reports hold the term and *p* is its
    background probability. An empty stream thus starts from the language at large; a stream full of grain notes learns
    that "tonnes" says little. Only live reports count, so space is bounded by the horizon.
    """

    def __init__(self, prior_articles: float, num_reports: int = 0, counts: dict[str, int] | None = None) -> None:
        self._prior = prior_articles
        self.num_reports = num_reports
        self.num_changes = 0
        """Of the counts; as long as it stays, so does every idf."""
        self.counts = Counter(counts or {})

    def add(self, stems: Iterable[str]) -> None:
        self.num_reports += 1
        self.num_changes += 1
        self.counts.update(stems)

    def remove(self, stems: Iterable[str]) -> None:
        self.num_reports -= 1
        self.num_changes += 1
        for stem in stems:
            left = self.counts[stem] - 1
            if left:
                self.counts[stem] = left
            else:
                del self.counts[stem]

    def of(self, stems: Sequence[str], backgrounds: NDArray[np.float16], exponent: float = 1.0) -> NDArray[np.float64]:
        """Give the idf of terms to some power, shape ``(len(stems),)``, never below 0."""
        counts, idfs = np.empty((2, len(stems)))
        kernels.counts(self.counts, stems, counts)
        kernels.idf(counts, backgrounds.astype(np.float32), idfs, self._prior, self.num_reports, exponent)
        return idfs
