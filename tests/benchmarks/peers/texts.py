"""What the peers look at: how alike the articles of one language are, by words and by runs of words."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from pipeline.detection.words import words


class Texts:
    """Articles in streaming order, and their likeness, worked out when first asked for.

    Parameters
    ----------
    articles
        JSON objects with ``title``, ``text`` and ``observed_at``.
    """

    def __init__(self, articles: Sequence[dict[str, Any]]) -> None:
        self.words = [_words(article) for article in articles]
        times = [datetime.fromisoformat(article["observed_at"]).timestamp() for article in articles]
        self.days: NDArray[np.float64] = np.array(times) / 86_400

    @cached_property
    def cosines(self) -> NDArray[np.float32]:
        """TF-IDF with logarithmic frequencies, shape ``(n, n)``.

        The idf is that of the whole set: an advantage over what runs in one pass.
        """
        vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32)
        vectors = vectorizer.fit_transform(self.words)
        return (vectors @ vectors.T).toarray()

    @cached_property
    def tree(self) -> NDArray[np.float64]:
        """How average linkage joins the articles, two or more, step by step: SciPy's linkage matrix, ``(n - 1, 4)``."""
        distances = 1 - self.cosines
        # Rounding may take the cosine of equal articles above 1.
        np.maximum(distances, 0, out=distances)
        return linkage(squareform(distances, checks=False), "average")

    @cached_property
    def jaccards(self) -> NDArray[np.float32]:
        """Jaccard similarity of the shingles of three words, shape ``(n, n)``."""
        vectorizer = CountVectorizer(analyzer=_shingles, binary=True, dtype=np.float32)
        vectors = vectorizer.fit_transform(self.words)
        shared = (vectors @ vectors.T).toarray()
        sizes = shared.diagonal()
        return shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1)


def _words(article: dict[str, Any]) -> list[str]:
    return [word.lower() for name in ("title", "text") for word in words(article.get(name) or "")]


def _shingles(text: list[str]) -> list[tuple[str, ...]]:
    return [tuple(text[start : start + 3]) for start in range(max(1, len(text) - 2))]
