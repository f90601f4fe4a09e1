"""The state file: what it refuses, what it keeps."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from pipeline.config import Config, DetectionConfig, StoryConfig
from pipeline.detection import codec
from pipeline.hosts.embedded.errors import StateRefused
from pipeline.hosts.embedded.outbox import KEPT_SECONDS, Outbox
from pipeline.hosts.embedded.state import FORMAT, State, open_state
from pipeline.records import DeadLetter
from tests.hosts.making import NOW, PARTITION, drain, engine, items, newswire, outbox_lines

DETECTION = DetectionConfig()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "folder" / "state.db")


def set_about(path: str, name: str, value: object) -> None:
    with open_state(path, DETECTION) as state:
        state.connection.execute("UPDATE about SET value = ? WHERE name = ?", (value, name))


@pytest.mark.parametrize(("name", "version"), [("format", FORMAT), ("codec", codec.VERSION)])
def test_state_of_another_version_is_refused_with_both_versions(path: str, name: str, version: int) -> None:
    set_about(path, name, version + 1)
    with (
        pytest.raises(StateRefused, match=rf"{name} {version + 1}, but this program reads {version}:"),
        open_state(path, DETECTION),
    ):
        pass


def test_state_of_another_configuration_is_refused_with_the_keys_that_differ(path: str) -> None:
    with open_state(path, DETECTION):
        pass
    other = msgspec.structs.replace(DETECTION, stories=StoryConfig(micro_threshold=0.3), index_depth=9)
    with pytest.raises(StateRefused) as refused, open_state(path, other):
        pass
    assert "detection.index_depth was 8, now 9; detection.stories.micro_threshold was 0.38, now 0.3." in str(
        refused.value
    )


def test_rules_of_emergence_may_change(path: str) -> None:
    with open_state(path, DETECTION):
        pass
    rules = StoryConfig(emerge_reports=9, emerge_outlets=8, growth_ladder=(10,), surge_score=7.0, surge_noise=6.0)
    with open_state(path, msgspec.structs.replace(DETECTION, stories=rules)):
        pass
    other = msgspec.structs.replace(rules, micro_threshold=0.3)
    with (
        pytest.raises(StateRefused, match=r"configuration: detection\.stories\.micro_threshold was 0\.38, now 0\.3\."),
        open_state(path, msgspec.structs.replace(DETECTION, stories=other)),
    ):
        pass


def test_a_state_in_use_is_refused(path: str) -> None:
    with (
        open_state(path, DETECTION),
        pytest.raises(StateRefused, match="in use by another"),
        open_state(path, DETECTION),
    ):
        pass
    with open_state(path, DETECTION):
        pass


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    other, text = str(tmp_path / "other.db"), tmp_path / "text.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (one)")
    connection.close()
    text.write_text("no database at all\n" * 100)
    with pytest.raises(StateRefused, match="is a SQLite file, but no state"), open_state(other, DETECTION):
        pass
    with pytest.raises(StateRefused, match="cannot be read as SQLite"), open_state(str(text), DETECTION):
        pass


def test_rows_that_were_told_are_kept_for_days_and_numbers_are_never_used_again(path: str) -> None:
    letter = DeadLetter("parse", "empty: nothing", "articles:0:1", b"")
    with open_state(path, DETECTION) as state:
        outbox = Outbox(state)
        for _ in range(3):
            outbox.add_dead_letter(letter, NOW)
        outbox.mark_sent(2, {})
        outbox.prune(NOW + KEPT_SECONDS - 1)
        assert [row.number for row in outbox.after(0, 10)] == [1, 2, 3]
        outbox.prune(NOW + KEPT_SECONDS + 1)
        assert [row.number for row in outbox.after(0, 10)] == [3]
        outbox.mark_sent(3, {})
        outbox.prune(NOW + KEPT_SECONDS + 1)
        assert outbox.last() == 3
    with open_state(path, DETECTION) as state:
        outbox = Outbox(state)
        outbox.add_dead_letter(letter, NOW)
        assert [row.number for row in outbox.after(3, 10)] == [4]
        assert outbox.sent() == 3


def test_two_connections_see_one_truth(path: str) -> None:
    with open_state(path, DETECTION) as state:
        host = engine(state)
        host.take(items(newswire()), [PARTITION], {})
        drain(host)
        sender = State(path)
        assert outbox_lines(sender) == outbox_lines(state)
        Outbox(sender).mark_sent(5, {"events": 10})
        sender.close()
        assert Outbox(state).sent() == 5
        assert Outbox(state).lengths() == {"events": 10}


def test_every_write_reaches_the_disk_before_it_counts(path: str) -> None:
    with open_state(path, Config().detection) as state:
        assert state.connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert state.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
