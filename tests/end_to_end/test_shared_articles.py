"""Five outlets' reports of one event, which share hardly any phrase, become one story; another story stays out."""

from collections import Counter
from pathlib import Path

import orjson

from tests.running import Wirewatch, read_jsonl


def test_five_reports_of_one_event_become_one_story_that_emerges_once(
    wirewatch: Wirewatch, shared: Path, tmp_path: Path
) -> None:
    done = wirewatch("replay", shared / "articles", "--events", "events.jsonl", "--assignments", "assignments.jsonl")
    assert done.returncode == 0, done.stderr
    events = read_jsonl(tmp_path / "events.jsonl")
    assert [event["type"] for event in events].count("wirewatch.story.emerged.v1") == 1
    assert {event["subject"] for event in events} == {events[0]["subject"]}
    assert (events[-1]["data"]["num_reports"], events[-1]["data"]["num_copies"]) == (5, 0)
    assignments = read_jsonl(tmp_path / "assignments.jsonl")
    assert Counter((line["story_id"], line["role"]) for line in assignments) == {(events[0]["subject"], "report"): 5}


def test_the_five_keep_together_and_alone_among_nineteen_thousand_others(
    wirewatch: Wirewatch, shared: Path, tmp_path: Path
) -> None:
    with (tmp_path / "five.jsonl").open("wb") as file:
        for hour, path in enumerate(sorted((shared / "articles").glob("*.txt"))):
            title, _, text = path.read_text("utf-8").partition("\n")
            article = {"title": title, "text": text, "observed_at": f"1987-03-17T{hour + 6:02}:00:00Z"}
            file.write(orjson.dumps(article) + b"\n")
    reuters = shared / "data" / "reuters21578.jsonl.xz"
    done = wirewatch("replay", "five.jsonl", reuters, "--events", "events.jsonl", "--assignments", "assignments.jsonl")
    assert done.returncode == 0, done.stderr
    assignments = read_jsonl(tmp_path / "assignments.jsonl")
    assert len(assignments) == 19_192
    of_five = {line["story_id"] for line in assignments if line["source"].startswith("five.jsonl:")}
    assert len(of_five) == 1
    mates = [line["source"] for line in assignments if line["story_id"] in of_five]
    assert sorted(mates) == [f"five.jsonl:{line}" for line in range(1, 6)]
    told = [event for event in read_jsonl(tmp_path / "events.jsonl") if event["subject"] in of_five]
    assert [event["type"].split(".")[2] for event in told] == ["emerged", "grew", "closed"]
    assert told[-1]["data"]["num_reports"] == 5
