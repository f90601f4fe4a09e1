"""How telling a term is: idf that follows the stream, with the language's background as prior."""

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.counts import NOTHING, Packed, counts_of, packed
from pipeline.detection.furniture import Furniture
from pipeline.detection.kernels import kernels
from pipeline.detection.packing import Vector
from pipeline.detection.sketch import Sketch


class StreamIdf:
    """Counts in how many live reports each term stands.

    ``idf = -ln((df + prior * p) / (n + prior))``, where *df* of the *n* live reports hold the term and *p* is its
    background probability. An empty stream thus starts from the language at large; a stream full of grain notes learns
    that "tonnes" says little. Only live reports count, so space is bounded by the horizon.

    Parameters
    ----------
    prior_articles
        Reports that weigh as much as the language's background.
    exponent
        Power to which an idf is raised: below 1, rare terms lead less over merely uncommon ones.
    num_reports, term_counts
        What was counted so far.
    """

    def __init__(
        self, prior_articles: float, exponent: float, num_reports: int = 0, term_counts: Packed = NOTHING
    ) -> None:
        self._prior = prior_articles
        self._exponent = exponent
        self.num_reports = num_reports
        self.num_changes = 0
        """Of the counts; as long as it stays, so does every idf."""
        self._counts = counts_of(term_counts)

    def add(self, terms: NDArray[np.uint32]) -> None:
        self.num_reports += 1
        self.num_changes += 1
        self._counts.add(terms)

    def remove(self, terms: NDArray[np.uint32]) -> None:
        self.num_reports -= 1
        self.num_changes += 1
        self._counts.remove(terms)

    def term_counts(self) -> Packed:
        return packed(self._counts)

    def vector(self, sketch: Sketch, furniture: Furniture) -> Vector:
        """Weigh an article's terms as the stream stands now, and scale them to length 1."""
        ids, terms = sketch.ids, sketch.terms
        return kernels.weighted(
            ids,
            terms.weights,
            terms.backgrounds,
            self._counts,
            self._prior,
            self.num_reports,
            self._exponent,
            *furniture.of(sketch.outlet),
        )
