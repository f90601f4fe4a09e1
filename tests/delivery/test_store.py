"""From a file of events into the real store."""

from pathlib import Path

from sqlalchemy import create_engine, text

from pipeline.records import EventType
from tests.delivery.delivering import Delivering
from tests.delivery.making import NASTY, line

CONFIG = """
[store]
url = "sqlite:///stories.db"
[[deliver.destinations]]
kind = "sql"
name = "store"
"""


def stories(folder: Path) -> list[tuple[str, int]]:
    engine = create_engine(f"sqlite:///{folder / 'stories.db'}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, num_reports FROM stories ORDER BY id")).all()
    engine.dispose()
    return [(str(story_id), int(num_reports)) for story_id, num_reports in rows]


def test_the_store_has_every_story_once_also_when_events_come_again(tmp_path: Path) -> None:
    nasty = [line(number, title=title) for number, title in enumerate(NASTY.values(), 10)]
    events = [line(1), line(1, revision=2, type=EventType.GREW, num_reports=5), *nasty]
    (tmp_path / "events.jsonl").write_bytes(b"".join(each + b"\n" for each in [*events, *events]))
    delivering = Delivering(tmp_path, 'jsonl = "events.jsonl"', CONFIG)
    done = delivering.run("--until-idle", 1)
    assert done.returncode == 0, done.stderr
    expected = [(f"{1:016x}", 5), *((f"{number:016x}", 3) for number in range(10, 10 + len(nasty)))]
    assert stories(tmp_path) == expected
    (tmp_path / "wirewatch-deliver.db").unlink()
    assert delivering.run("--until-idle", 1).returncode == 0
    assert stories(tmp_path) == expected


def test_a_store_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(line(1) + b"\n")
    more = CONFIG.replace("stories.db", "missing/stories.db") + "give_up_hours = 0.0003\n"
    delivering = Delivering(tmp_path, 'jsonl = "events.jsonl"', more)
    done = delivering.run("--until-idle", 1)
    assert done.returncode == 0, done.stderr
    assert "destination store:" in done.stderr
    assert "1 given up" in done.stderr
    assert "0000000000000001-1" in delivering.run("--dead").stdout
