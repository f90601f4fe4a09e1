"""Buckets spread over processes give the same events as one index."""

from tests.benchmarks.sharded import decide, running_shards
from tests.detection.making import CONFIG, sketch


def test_shards_give_the_same_events() -> None:
    sketches = [sketch(story, member, at=60.0 * member) for member in range(8) for story in ("quake", "flood", "vote")]
    # Two of a tick, one of them a copy of the other.
    sketches += [sketch("quake", 3, at=600.0, article_id=name) for name in ("copy", "second copy")]
    alone, _ = decide(sketches, CONFIG, None)
    with running_shards(2, CONFIG.index_depth) as shards:
        joined, _ = decide(sketches, CONFIG, shards)
    assert joined == alone
    assert len(alone) >= 6
