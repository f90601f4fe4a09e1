"""Stop with a savepoint and go on with other rules, another parallelism; state that does not fit is refused."""

import re
import shutil
import time
from collections import defaultdict
from pathlib import Path

from pipeline.detection.codec import VERSION
from tests.flink.cluster import Cluster
from tests.flink.jobs import FlinkJob, MakeJob, newswire
from tests.flink.workers import workers_of
from tests.running import ROOT

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


def _build_of_another_codec(folder: Path) -> Path:
    """Copy the program, with another version of the state's encoding."""
    for package in ("pipeline", "connectors"):
        shutil.copytree(ROOT / package, folder / package)
    codec = folder / "pipeline" / "detection" / "codec.py"
    text, num_changes = re.subn(r"(?m)^VERSION = .*", f"VERSION = {VERSION + 1}", codec.read_text("utf-8"))
    assert num_changes == 1
    codec.write_text(text, "utf-8")
    return folder


def test_another_rule_of_emergence_and_parallelism_go_on_with_the_stories_of_a_savepoint(
    cluster: Cluster, make_job: MakeJob, tmp_path: Path
) -> None:
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
    with workers_of(_build_of_another_codec(tmp_path / "build")) as address:
        job.change(workers=address)
        assert job.start("--from", savepoint).wait(240) == 1
        assert (
            f"the state cannot be used: detection state has version {VERSION}, but this program reads version "
            f"{VERSION + 1}: run the program that wrote it" in job.said()
        )
    job.change(workers=cluster.workers, more=_OTHER_SHAPE)
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
