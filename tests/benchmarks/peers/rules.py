"""The peers: published rules that put articles into stories, each with one threshold."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from river.cluster import TextClust
from river.feature_extraction import BagOfWords
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from tests.benchmarks.peers.texts import Texts

DECAY_DAYS = 3.0
"""Standard deviation of the Gaussian by which a story that fell silent loses likeness."""

TEXTCLUST_WORDS = 60


class Peer(NamedTuple):
    """A rule and the values of its threshold that are tried."""

    name: str
    cluster: Callable[[Texts, float], Sequence[int]]
    """Gives the story of each article, in their order."""
    thresholds: tuple[float, ...]
    most_articles: int = 20_000
    """Of one language; it is not run on more, since it would take too long."""


def shingles(texts: Texts, threshold: float) -> Sequence[int]:
    """Join what shares word shingles, directly or through others: the usual near-duplicate detection.

    References
    ----------
    A. Broder, *On the resemblance and containment of documents*, 1997.
    """
    _, stories = connected_components(csr_array(texts.jaccards >= threshold), directed=False)
    return stories.tolist()


def nearest_article(texts: Texts, threshold: float) -> Sequence[int]:
    """Put an article into the story of the earlier one that is most like it, if like enough; one pass.

    References
    ----------
    J. Allan et al., *Topic detection and tracking pilot study*, 1998.
    """
    stories = [0]
    for place in range(1, len(texts.words)):
        likeness = texts.cosines[place, :place]
        nearest = int(likeness.argmax())
        stories.append(stories[nearest] if likeness[nearest] >= threshold else place)
    return stories


def average_link(texts: Texts, threshold: float) -> Sequence[int]:
    """Join the two clusters whose articles are most alike on average, until none are like enough; sees all at once."""
    if len(texts.words) == 1:
        return [0]
    # Rounding may take the cosine of equal articles above 1.
    distances = squareform(np.maximum(0, 1 - texts.cosines), checks=False)
    stories: NDArray[np.int32] = fcluster(linkage(distances, "average"), 1 - threshold, "distance")
    return stories.tolist()


def nearest_centroid(texts: Texts, threshold: float) -> Sequence[int]:
    """Put an article into the story whose centroid, fading with its age, is most like it, if like enough; one pass.

    References
    ----------
    S. Miranda et al., *Multilingual clustering of streaming news*, EMNLP, 2018; its monolingual rule, with one view of
    the text in place of nine and a product in place of learnt weights.
    """
    num_articles = len(texts.words)
    stories = np.zeros(num_articles, np.intp)
    squared_norms = np.ones(num_articles)
    last_seen = np.zeros(num_articles)
    num_stories = 0
    for place in range(num_articles):
        # An article and a sum of articles: the sum of its cosines to them, over the length of the sum.
        sums = np.bincount(stories[:place], texts.cosines[place, :place], num_stories)
        age = (texts.days[place] - last_seen[:num_stories]) / DECAY_DAYS
        likeness = sums / np.sqrt(squared_norms[:num_stories]) * np.exp(-(age**2) / 2)
        story = int(likeness.argmax()) if num_stories else 0
        if num_stories and likeness[story] >= threshold:
            squared_norms[story] += 2 * sums[story] + 1
        else:
            story, num_stories = num_stories, num_stories + 1
        stories[place], last_seen[story] = story, texts.days[place]
    return stories.tolist()


def textclust(texts: Texts, threshold: float) -> Sequence[int]:
    """River's TextClust: micro-clusters that fade, an article in the nearest within a radius; one pass.

    It is made for short messages and goes through every word that it keeps at every article, so it is given the first
    words only.

    References
    ----------
    M. Carnein et al., *Stream clustering of chat messages with applications to Twitch streams*, 2017.
    """
    bag = BagOfWords(tokenizer=str.split)
    model = TextClust(radius=1 - threshold, fading_factor=0.0005, tgap=100, auto_r=False, real_time_fading=False)
    stories = []
    for place, words in enumerate(texts.words):
        counts = bag.transform_one(" ".join(words[:TEXTCLUST_WORDS]))
        model.learn_one(counts, place)
        stories.append(model.predict_one(counts))
    return stories


PEERS = (
    Peer("shingles", shingles, (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)),
    Peer("nearest article", nearest_article, (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)),
    Peer("average link, batch", average_link, (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3)),
    Peer("nearest centroid", nearest_centroid, (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)),
    Peer("TextClust", textclust, (0.1, 0.2, 0.3, 0.5), most_articles=1_000),
)
