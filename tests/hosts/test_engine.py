"""What the engine does with bad, late and undated articles, and with silence."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.parsing import parse
from pipeline.config import Config, InputConfig
from pipeline.detection.journal import NUM_BAGS
from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.inputs import Item
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.state import State, open_state
from pipeline.records import RawArticle
from pipeline.sinks.cloudevents import dead_letter_from, structured
from tests.hosts.making import (
    ARCHIVE,
    NOW,
    PARTITION,
    PLAUSIBLE,
    drain,
    engine,
    expected_lines,
    items,
    newswire,
    outbox_lines,
    short_delay,
    with_rules,
)

START = datetime(2024, 3, 4, tzinfo=UTC)
LIVE = Config(input=InputConfig(max_out_of_orderness_seconds=0, partition_idle_seconds=10))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


def report(number: int, at: datetime | None, **fields: Any) -> RawArticle:
    """Give one of the sample's reports of the ferry that ran aground, dated anew."""
    records = [orjson.loads(raw.data) for raw in newswire()]
    ferry = [record for record in records if record.get("story") == "ferry-grey-heron"]
    record = ferry[number] | {"outlet": f"outlet {number}", **fields}
    if at is not None:
        record["observed_at"] = at.isoformat()
    return RawArticle(f"report {number}", orjson.dumps(record), "json", datetime.fromtimestamp(NOW, UTC))


def dead_letters(state: State) -> list[tuple[str, str, bytes]]:
    letters = [dead_letter_from(row.headers, row.value) for row in Outbox(state).after(0, 1000) if row.key is None]
    return [(letter.stage, letter.reason.partition(":")[0], letter.raw) for letter in letters]


def test_garbage_becomes_dead_letters_and_changes_no_event(path: str) -> None:
    garbage = [
        b"",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"title": 3}',
        b"{}",
        b'{"title": "a", "observed_at": "soon"}',
        b"{" * 9999,
    ]
    raws = [RawArticle(str(place), data, "json", START) for place, data in enumerate(garbage)]
    mixed = [raw for pair in zip(newswire(), raws * 99, strict=False) for raw in pair]
    with open_state(path, ARCHIVE.detection) as state:
        host = engine(state, short_delay())
        for place in range(0, len(mixed), 10):
            host.take(items(mixed[place : place + 10], place), [PARTITION], {})
        drain(host)
        assert outbox_lines(state) == expected_lines(newswire())
        letters = dead_letters(state)
    assert len(letters) == len(mixed) - len(newswire()) == host.counts["dead_letters"]
    assert {raw for _, _, raw in letters} == set(garbage)


def test_an_article_that_breaks_the_parser_is_a_dead_letter_that_says_so(path: str) -> None:
    def break_on_the_first(raw: RawArticle) -> Any:
        if raw is first:
            raise RecursionError("too deep")
        return parse(raw, plausible=PLAUSIBLE)

    first, *others = newswire()
    with open_state(path, ARCHIVE.detection) as state:
        host = Engine(state, ARCHIVE, break_on_the_first, lambda: NOW)
        host.take(items([first, *others]), [PARTITION], {})
        drain(host)
        assert dead_letters(state) == [("parse", "defect", first.data)]
        assert outbox_lines(state) == expected_lines(others)


def test_a_late_article_is_admitted_at_once_and_marked(path: str) -> None:
    with open_state(path, ARCHIVE.detection) as state:
        host = engine(state, short_delay())
        host.take(items([report(0, START), report(1, START)]), [PARTITION], {})
        host.take(items([report(2, START + timedelta(hours=1))], 2), [PARTITION], {})
        # In this tick the first is decided; only then are articles of its time late.
        for place in range(3, 9):
            host.take(items([report(place, START)], place), [PARTITION], {})
            assert not host.has_due
        assert host.counts["late"] == 6
        told = [orjson.loads(line) for line in outbox_lines(state)]
    assert sum(mention["late"] for event in told for mention in event["data"]["mentions"]) >= 1


def test_an_article_later_than_allowed_is_a_dead_letter_with_its_bytes(path: str) -> None:
    with open_state(path, ARCHIVE.detection) as state:
        host = engine(state, short_delay())
        host.take(items([report(0, START)]), [PARTITION], {})
        host.take(items([report(1, START + timedelta(days=2))], 1), [PARTITION], {})
        drain(host)
        late = report(2, START)
        host.take(items([late], 2), [PARTITION], {})
        assert dead_letters(state) == [("detect", "too-late", late.data)]


def test_live_an_article_without_a_date_is_dated_when_it_is_read_and_silence_decides_it(path: str) -> None:
    now = [NOW]
    parse_live = partial(parse, plausible=PLAUSIBLE, archive=False)
    with open_state(path, LIVE.detection) as state:
        host = Engine(state, LIVE, parse_live, lambda: now[0])
        host.take(items([report(n, None, published_at="1999-01-01") for n in range(5)]), [PARTITION], {})
        assert not outbox_lines(state)
        silent = {PARTITION: round(NOW * 1e6)}
        for _ in range(16):
            now[0] += 1
            host.take([], [PARTITION], silent)
        (row,) = Outbox(state).after(0, 10)
        event = orjson.loads(structured(row.headers, row.value))
        assert event["time"] == datetime.fromtimestamp(NOW, UTC).isoformat().replace("+00:00", "Z")


def test_under_other_rules_of_emergence_the_stories_go_on(path: str) -> None:
    raws = [report(number, START + timedelta(minutes=number), outlet="Harbour Post") for number in range(8)]
    config = short_delay()
    with open_state(path, config.detection) as state:
        host = engine(state, config)
        host.take(items(raws[:6]), [PARTITION], {})
        drain(host)
        assert not outbox_lines(state)  # four reports, but from one outlet
    config = with_rules(config, emerge_outlets=1, growth_ladder=(6,))
    for place in (6, 7):  # at the second start there is nothing more to take over
        with open_state(path, config.detection) as state:
            host = engine(state, config)
            host.take(items(raws[place : place + 1], place), [PARTITION], {})
            drain(host)
    with open_state(path, config.detection) as state:
        emerged, grew = (orjson.loads(line) for line in outbox_lines(state))
    assert emerged["type"] == "wirewatch.story.emerged.v1"
    assert emerged["data"]["num_reports"] == 5
    assert emerged["data"]["first_seen"] == START.isoformat().replace("+00:00", "Z")
    assert grew["type"] == "wirewatch.story.grew.v1"
    assert (grew["subject"], grew["data"]["revision"]) == (emerged["subject"], 2)


def test_what_expired_leaves_the_file(path: str) -> None:
    # Stories stay: they are in a bag of their own behind the others.
    num_entries = "SELECT count(*) FROM bag WHERE place < ?"
    with open_state(path, LIVE.detection) as state:
        now = [NOW]
        host = engine(state, LIVE, clock=lambda: now[0])
        host.take(items(newswire()), [PARTITION], {})
        (before,) = state.connection.execute(num_entries, [NUM_BAGS]).fetchone()
        now[0] += 30 * 86_400
        for _ in range(3):
            host.take([], [PARTITION], {PARTITION: round(NOW * 1e6)})
            while host.has_due:
                host.decide()
        host.take([], [PARTITION], {PARTITION: round(NOW * 1e6)})
        (after,) = state.connection.execute(num_entries, [NUM_BAGS]).fetchone()
    assert before >= 125
    assert after == 0


def test_streams_are_remembered_one_by_one(path: str) -> None:
    raw = newswire()[0]
    with open_state(path, ARCHIVE.detection) as state:
        engine(state).take(
            [Item("a", 1, "x", None, raw), Item("b", 5, "y", None, None), Item("a", 2, "z", None, raw)], ["f"], {}
        )
        assert state.positions() == {"a": (2, "z"), "b": (5, "y")}
        assert state.watermark() is None
