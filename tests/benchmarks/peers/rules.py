"""The peers: published rules that put articles into stories, each with one threshold."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from river.cluster import TextClust
from scipy.cluster.hierarchy import fcluster
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from tests.benchmarks.peers.texts import Texts

DECAY_DAYS = 3.0
"""Standard deviation of the Gaussian by which a story that fell silent loses likeness."""

TEXTCLUST_WORDS = 30


class Peer(NamedTuple):
    """A rule and the values of its threshold that are tried."""

    name: str
    cluster: Callable[[Texts, float], Sequence[int]]
    """Gives the story of each article, in their order."""
    thresholds: tuple[float, ...]
    in_one_pass: bool = True
    """Whether the order of the articles matters; else the whole set is seen at once."""
    most_articles: int = 20_000
    """It is not run on larger sets, since it would take too long."""


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
    stories: NDArray[np.int32] = fcluster(texts.tree, 1 - threshold, "distance")
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
    """River's TextClust: an article goes into the nearest micro-cluster within a radius; one pass.

    It is made for short messages and goes through every word of every micro-cluster at every article, so it is given
    the first words only; with twice as many it was no better. It never cleans up: it would forget what nobody joined
    since, and doing so every 100 or 300 articles cost it more.

    References
    ----------
    M. Carnein et al., *Stream clustering of chat messages with applications to Twitch streams*, 2017.
    """
    model = TextClust(radius=1 - threshold, tgap=len(texts.words) + 1, real_time_fading=False)
    return [_learn(model, Counter(words[:TEXTCLUST_WORDS])) for words in texts.words]


def _learn(model: TextClust, counts: Mapping[str, int]) -> int:
    """Give the micro-cluster that the article joined or founded; to predict it would take as long again."""
    sizes = {key: micro.n for key, micro in model.micro_clusters.items()}
    model.learn_one(counts)
    return next(key for key, micro in model.micro_clusters.items() if micro.n != sizes.get(key))


COSINES = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.18, 0.2, 0.22, 0.25, 0.28, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
PEERS = (
    Peer("shingles", shingles, (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5), in_one_pass=False),
    Peer("nearest article", nearest_article, COSINES),
    Peer("average link, batch", average_link, COSINES, in_one_pass=False),
    Peer("nearest centroid", nearest_centroid, COSINES),
    Peer("TextClust", textclust, (0.1, 0.2, 0.25, 0.3, 0.35, 0.4), most_articles=1_000),
)
