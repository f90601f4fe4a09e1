from typing import Any

import numpy as np
import pytest

from tests.benchmarks.peers.rules import (
    PEERS,
    TEXTCLUST_WORDS,
    Peer,
    average_link,
    nearest_article,
    nearest_centroid,
    shingles,
    textclust,
)
from tests.benchmarks.peers.texts import Texts

QUAKE = "strong quake shakes the harbour town of Lorvik before dawn and cuts its power"
TRIAL = "court in Marnholt opens trial of former mayor over missing museum paintings today"


def texts(*contents: str, hours: float = 1.0) -> Texts:
    return Texts([article(content, place * hours) for place, content in enumerate(contents)])


def article(text: str, hour: float) -> dict[str, Any]:
    day, hour = divmod(hour, 24)
    return {"title": None, "text": text, "observed_at": f"2024-01-{1 + int(day):02}T{int(hour):02}:00:00Z"}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_parts_what_differs_and_joins_what_is_the_same(peer: Peer) -> None:
    first, second, third, fourth = peer.cluster(texts(QUAKE, TRIAL, QUAKE, TRIAL), peer.thresholds[-1])

    assert first == third != second == fourth


def test_jaccard_is_that_of_runs_of_three_words() -> None:
    jaccards = texts("a b c d e", "a b c d x", "p q").jaccards

    assert jaccards == pytest.approx(np.array([[1, 1 / 2, 0], [1 / 2, 1, 0], [0, 0, 1]]))


CHAIN = "a b c d e f", "a b c d x y", "x y u v w z"


def test_shingles_join_through_a_third() -> None:
    chain = texts("a b c d e", "b c d e f g", "d e f g h")

    assert chain.jaccards[0, 2] == 0
    assert len(set(shingles(chain, 0.2))) == 1


def test_the_nearest_article_speaks_for_its_story_but_the_average_does_not() -> None:
    chain = texts(*CHAIN)
    threshold = float(chain.cosines[1, 2])

    assert len(set(nearest_article(chain, threshold))) == 1
    assert len(set(average_link(chain, threshold))) == 2


def test_the_centroid_is_the_sum_of_the_articles() -> None:
    chain = texts(*CHAIN, hours=0.0)
    first, second, third = chain.cosines[0, 1], chain.cosines[0, 2], chain.cosines[1, 2]
    likeness = float((second + third) / np.sqrt(2 + 2 * first))

    assert len(set(nearest_centroid(chain, likeness - 1e-5))) == 1
    assert len(set(nearest_centroid(chain, likeness + 1e-5))) == 2


def test_a_story_long_silent_is_not_the_nearest() -> None:
    assert nearest_centroid(texts(QUAKE, QUAKE, hours=1), 0.5) == [0, 0]
    assert nearest_centroid(texts(QUAKE, QUAKE, hours=24 * 9), 0.5) == [0, 1]


def test_average_link_joins_at_the_mean_likeness_of_all_pairs() -> None:
    chain = texts(*CHAIN)
    # The first two are more alike than any others, and are joined first.
    mean = float(chain.cosines[0, 2] + chain.cosines[1, 2]) / 2

    assert len(set(average_link(chain, mean - 1e-5))) == 1
    assert len(set(average_link(chain, mean + 1e-5))) == 2


def test_textclust_joins_within_the_radius_of_the_micro_cluster() -> None:
    # One micro-cluster is there when the second article comes: every idf is 1, and "e f" are unknown and count nothing.
    pair = texts("a b c d", "c d e f")
    likeness = 1 / np.sqrt(2)

    assert len(set(textclust(pair, likeness - 1e-5))) == 1
    assert len(set(textclust(pair, likeness + 1e-5))) == 2


def test_textclust_reads_the_first_words_alone() -> None:
    beginning = " ".join(["a"] * TEXTCLUST_WORDS)

    assert len(set(textclust(texts(f"{beginning} {QUAKE}", f"{beginning} {TRIAL}"), 0.99))) == 1
    assert len(set(textclust(texts(f"{QUAKE} {beginning}", f"{TRIAL} {beginning}"), 0.99))) == 2
