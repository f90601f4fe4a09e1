"""On Flink the same articles give the same events as a replay, by id and content."""

import pytest

from tests.flink.jobs import MakeJob, ReplayReuters

_SHORT = 1500
_WHOLE = [
    pytest.param(None, partitions, parallelism, marks=pytest.mark.soak, id=f"all-{partitions}-{parallelism}")
    for partitions in (1, 4)
    for parallelism in (1, 2)
]


@pytest.mark.parametrize(("count", "partitions", "parallelism"), [pytest.param(_SHORT, 4, 2, id="short-4-2"), *_WHOLE])
def test_events_equal_those_of_a_replay(
    make_job: MakeJob,
    replay_reuters: ReplayReuters,
    count: int | None,
    partitions: int,
    parallelism: int,
) -> None:
    articles, expected = replay_reuters(count)
    job = make_job(partitions=partitions, parallelism=parallelism)
    job.publish(articles)
    job.publish_end(articles)
    job.start_reading()
    told = job.told_when(expected, 300)
    assert told == expected
    assert len(expected) > len(articles) / 20
