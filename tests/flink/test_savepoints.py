"""Stop with a savepoint and go on with another build, another parallelism; state that does not fit is refused."""

import time
from collections import defaultdict

from tests.flink.jobs import FlinkJob, MakeJob, newswire

_OLD = "[detection.stories]\nemerge_reports = 4\n"
_NEW = "[detection.stories]\nemerge_reports = 2\ngrowth_ladder = [3, 4, 5, 6, 8, 10]\n"
_OTHER_SHAPE = "[detection.copies]\nthreshold = 0.7\n"


def _revisions(told: dict[str, set[bytes]]) -> dict[str, list[int]]:
    """Give the revisions told of each story; an id with two contents is an error."""
    found = defaultdict(list)
    for event_id, contents in told.items():
        assert len(contents) == 1, contents
        story, _, revision = event_id.rpartition("-")
        found[story].append(int(revision))
    return {story: sorted(revisions) for story, revisions in found.items()}


def _await_more(job: FlinkJob, than: int) -> None:
    until = time.monotonic() + 120
    while job.num_told() <= than:
        assert time.monotonic() < until, f"no more than {than} events were told within two minutes"
        time.sleep(0.5)


def test_another_rule_of_emergence_and_parallelism_go_on_with_the_stories_of_a_savepoint(make_job: MakeJob) -> None:
    articles = newswire()
    half = len(articles) // 2
    job = make_job(partitions=2, parallelism=1, more=_OLD)
    job.publish(articles[:half])
    job.start_reading()
    _await_more(job, than=0)
    savepoint = job.stop()
    before = _revisions(job.told())
    job.publish(articles[half:])
    job.publish_end(articles)
    job.change(more=_OTHER_SHAPE)
    refused = job.start("--from", savepoint)
    assert refused.wait(240) == 1
    assert "the state cannot be used: detection state was made under other values" in job.said()
    job.change(more=_NEW, parallelism=2)
    job.start_reading("--from", savepoint)
    _await_more(job, than=sum(map(len, before.values())) + 5)
    after = _revisions(job.told())
    assert all(revisions == list(range(1, len(revisions) + 1)) for revisions in after.values())
    assert any(len(after[story]) > len(revisions) for story, revisions in before.items())
    # Stories that the old rule kept silent about.
    assert after.keys() > before.keys()
