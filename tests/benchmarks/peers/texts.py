"""What the peers look at: how alike the articles of one language are, by words and by runs of words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
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
        self._cosines: NDArray[np.float32] | None = None
        self._jaccards: NDArray[np.float32] | None = None

    @property
    def cosines(self) -> NDArray[np.float32]:
        """TF-IDF with logarithmic frequencies, shape ``(n, n)``.

        The idf is that of the whole set: an advantage over what runs in one pass.
        """
        if self._cosines is None:
            vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True, dtype=np.float32)
            vectors = vectorizer.fit_transform(self.words)
            self._cosines = (vectors @ vectors.T).toarray()
        return self._cosines

    @property
    def jaccards(self) -> NDArray[np.float32]:
        """Jaccard similarity of the shingles of three words, shape ``(n, n)``."""
        if self._jaccards is None:
            vectorizer = CountVectorizer(analyzer=_shingles, binary=True, dtype=np.float32)
            vectors = vectorizer.fit_transform(self.words)
            shared = (vectors @ vectors.T).toarray()
            sizes = shared.diagonal()
            self._jaccards = shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1)
        return self._jaccards


def _words(article: dict[str, Any]) -> list[str]:
    return [word.lower() for name in ("title", "text") for word in words(article.get(name) or "")]


def _shingles(text: list[str]) -> list[tuple[str, ...]]:
    return [tuple(text[start : start + 3]) for start in range(max(1, len(text) - 2))]
