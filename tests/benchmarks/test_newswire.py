"""The simulated newswire writes as many articles as it is asked for, in as many days."""

from datetime import timedelta

import pytest

from tests.benchmarks.stream.newswire import START, Newswire


def test_articles_fill_the_days_and_follow_each_other() -> None:
    articles = list(Newswire(1_500, 3.0))
    assert len(articles) == 1_500
    moments = [article.observed_at for article in articles]
    assert moments == sorted(moments)
    assert (moments[-1] - START) / timedelta(days=1) == pytest.approx(3.0, rel=0.1)


def test_a_seed_writes_the_same_articles() -> None:
    assert list(Newswire(50, 1.0, seed=3)) == list(Newswire(50, 1.0, seed=3))
    assert list(Newswire(50, 1.0, seed=3)) != list(Newswire(50, 1.0, seed=4))
