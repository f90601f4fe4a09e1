"""Garbage becomes dead letters, which can be listed, mended and sent back, each once."""

import base64
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.records import DEAD_LETTER_RAW_BYTES, DeadLetter
from pipeline.sinks.cloudevents import dead_letter_headers, dead_letter_value
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of, send
from tests.kafka.running import Job
from tests.running import Wirewatch, read_jsonl

LIMIT = 1_048_588


def _config(broker: Broker, folder: Path, **settings: Any) -> tuple[str, str]:
    """Write a configuration over two new topics; gives their names."""
    articles, dead = new_topic(broker, "articles"), new_topic(broker, "dead")
    lines = [f'[input]\nkafka = "{broker.servers}"\ntopic = "{articles}"']
    lines += [f"{name} = {value!r}" for name, value in settings.items()]
    lines.append(f'[output]\nkafka = "{broker.servers}"\ndead_letters_topic = "{dead}"')
    (folder / "c.toml").write_text("\n".join(lines))
    return articles, dead


def _bury(broker: Broker, topic: str, *letters: DeadLetter) -> None:
    for letter in letters:
        send(broker, topic, [dead_letter_value(letter)], headers=dead_letter_headers(letter))


def _article(name: str, **fields: Any) -> bytes:
    return orjson.dumps({"id": name, "title": "Harbour bridge opens", "text": "It opened.", **fields})


def _list(wirewatch: Wirewatch, *options: object) -> list[dict[str, Any]]:
    done = wirewatch("dead-letters", "list", "--json", "--config", "c.toml", *options)
    assert done.returncode == 0, done.stderr
    # Garbage holds characters at which `splitlines` would cut as well.
    return [orjson.loads(line) for line in done.stdout.split("\n") if line]


def _replay(wirewatch: Wirewatch, *options: object) -> tuple[int, str]:
    done = wirewatch("dead-letters", "replay", "--config", "c.toml", *options)
    return done.returncode, done.stdout + done.stderr


def garbage(number: int, seed: int) -> list[bytes | None]:
    """Make records of every kind that must never stop a run, in turn."""
    chance = random.Random(seed)
    kinds = [
        lambda: chance.randbytes(chance.randrange(1, 2000)),
        lambda: orjson.dumps([chance.random()]),
        lambda: orjson.dumps({"id": f"g{chance.random()}", "title": ["not", "text"], "observed_at": "2199-01-01"}),
        lambda: None,
        lambda: orjson.dumps({"id": f"g{chance.random()}", "outlet": "The Lantern"}),
        lambda: _article(f"g{chance.random()}", observed_at="last Tuesday"),
        lambda: b"",
        lambda: _article("cut")[: chance.randrange(1, 40)],
    ]
    near_the_limit = [chance.randbytes(LIMIT - 200), b"[" * (LIMIT - 200), b'{"title": "' + b"a" * (LIMIT - 300)]
    return [*near_the_limit, *(kinds[place % len(kinds)]() for place in range(number - len(near_the_limit)))]


@pytest.mark.parametrize("partitions", [1, 4])
def test_200_records_of_garbage_among_the_load_change_no_event(
    wirewatch: Wirewatch, broker: Broker, samples: Path, tmp_path: Path, partitions: int
) -> None:
    lines: list[bytes | None] = [*(samples / "newswire.jsonl").read_bytes().splitlines()]
    poison = garbage(200, seed=partitions)
    mixed = random.Random(partitions).sample([*lines, *poison], len(lines) + 200)
    topic = new_topic(broker, "poisoned", partitions)
    send(broker, topic, mixed)
    options = ("--brokers", broker.servers, "--dead-letters", "d.jsonl")
    done = wirewatch("replay", f"kafka:{topic}", "--events", "e.jsonl", *options)
    assert done.returncode == 0, done.stderr
    wirewatch("replay", samples / "newswire.jsonl", "--events", "file.jsonl")
    assert (tmp_path / "e.jsonl").read_bytes() == (tmp_path / "file.jsonl").read_bytes()
    letters = read_jsonl(tmp_path / "d.jsonl")
    assert len(letters) == len({letter["source"] for letter in letters}) == 200
    raws = sorted(base64.b64decode(letter["raw"]) for letter in letters)
    assert raws == sorted((value or b"")[:DEAD_LETTER_RAW_BYTES] for value in poison)


def test_200_records_of_garbage_through_run_are_listed_mended_and_taken(
    wirewatch: Wirewatch, broker: Broker, samples: Path, tmp_path: Path
) -> None:
    lines: list[bytes | None] = [*(samples / "newswire.jsonl").read_bytes().splitlines()]
    job = Job(broker, tmp_path, partitions=4)
    (tmp_path / "config.toml").rename(tmp_path / "c.toml")
    run = ("run", "--config", "c.toml", "--until-idle", 2)
    send(broker, job.articles, random.Random(7).sample([*lines, *garbage(200, seed=7)], len(lines) + 200))

    assert wirewatch(*run).stdout == "325 articles (0 late), 200 dead letters, 27 story events\n"

    wirewatch("replay", samples / "newswire.jsonl", "--events", "file.jsonl")
    expected = sorted((tmp_path / "file.jsonl").read_bytes().splitlines())
    assert sorted(job.told()) == expected
    letters = _list(wirewatch)
    assert len(letters) == len({letter["source"] for letter in letters}) == 200
    mended = [{**letter, "article": _mended(number)} for number, letter in enumerate(letters)]
    (tmp_path / "m.jsonl").write_bytes(b"\n".join(map(orjson.dumps, mended)))
    code, told = _replay(wirewatch, "--mended", "m.jsonl")
    assert (code, told.splitlines()[-1]) == (0, f"200 sent to {job.articles}, 0 not sent, 0 replayed before")
    assert _list(wirewatch) == []

    assert wirewatch(*run).stdout == "200 articles (0 late), 0 dead letters, 1 story events\n"

    (new,) = set(job.told()) - set(expected)
    assert len(job.told()) == len(expected) + 1
    assert {mention["article_id"] for mention in orjson.loads(new)["data"]["mentions"]} == {
        f"mended-{number}" for number in range(200)
    }


def _mended(number: int) -> dict[str, str]:
    """Report one invented event, just after the load, so that no story of it closes meanwhile."""
    # Half of the words are its own, so that none counts as a copy of another.
    words = " ".join(f"{name}{number}" for name in ("quay", "gull", "rope", "mast", "oar", "keel", "buoy", "pier") * 2)
    return {
        "id": f"mended-{number}",
        "title": "Lantern of Marrow Point relit after ninety years",
        "text": f"Keeper Ottoline Brask relit the lantern of Marrow Point. {words}.",
        "outlet": f"Outlet {number}",
        "observed_at": "2024-03-08T05:30:10Z",
    }


def test_letters_are_listed_with_their_place_and_by_reason(
    wirewatch: Wirewatch, broker: Broker, tmp_path: Path
) -> None:
    _, dead = _config(broker, tmp_path)
    _bury(
        broker,
        dead,
        DeadLetter("parse", "malformed-json: 'a:0:3' is no JSON; mend it", "a:0:3", b"{"),
        DeadLetter("read", "empty: 'a:0:4' has no value; publish an article", "a:0:4", b""),
    )
    assert [letter["letter"] for letter in _list(wirewatch)] == ["0:0", "0:1"]
    (letter,) = _list(wirewatch, "--reason", "malformed-json")
    assert (letter["stage"], letter["source"], letter["text"]) == ("parse", "a:0:3", "{")
    assert [each["letter"] for each in _list(wirewatch, "--reason", "no value")] == ["0:1"]
    plain = wirewatch("dead-letters", "list", "--config", "c.toml").stdout.splitlines()
    assert plain[1] == "0:1  read  a:0:4  empty: 'a:0:4' has no value; publish an article"


def test_a_mended_letter_is_sent_once(wirewatch: Wirewatch, broker: Broker, tmp_path: Path) -> None:
    articles, dead = _config(broker, tmp_path)
    _bury(broker, dead, *(DeadLetter("parse", f"malformed-json: {n}", f"a:0:{n}", b"{") for n in range(3)))
    lines = [
        orjson.dumps({**letter, "article": orjson.loads(_article(letter["letter"]))}) for letter in _list(wirewatch)
    ]
    lines[2] = orjson.dumps(_list(wirewatch)[2])
    (tmp_path / "m.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    code, told = _replay(wirewatch, "--mended", "m.jsonl")
    assert code == 0, told
    assert told.splitlines() == [
        "0:0  sent",
        "0:1  sent",
        f"2 sent to {articles}, 0 not sent, 0 replayed before",
    ]
    assert [(each.key, each.value) for each in records_of(broker, articles)] == [
        (b"0:0", _article("0:0")),
        (b"0:1", _article("0:1")),
    ]
    assert [letter["letter"] for letter in _list(wirewatch)] == ["0:2"]
    assert len(_list(wirewatch, "--all")) == 3
    code, told = _replay(wirewatch, "--mended", "m.jsonl")
    assert f"0 sent to {articles}, 0 not sent, 2 replayed before" in told
    code, told = _replay(wirewatch, "--mended", "m.jsonl", "--again")
    assert f"2 sent to {articles}" in told


def test_what_is_still_no_article_is_not_sent_and_said(wirewatch: Wirewatch, broker: Broker, tmp_path: Path) -> None:
    articles, dead = _config(broker, tmp_path)
    _bury(
        broker,
        dead,
        DeadLetter("parse", "malformed-json: no JSON", "a:0:0", b"{"),
        DeadLetter("parse", "oversized: by an older configuration", "a:0:1", _article("fits")),
        DeadLetter("read", "oversized: too long", "big.jsonl:7", b"x" * DEAD_LETTER_RAW_BYTES),
    )
    code, told = _replay(wirewatch)
    assert code == 1
    assert "0:0  not sent: it is still no article: malformed-json" in told
    assert "0:1  sent" in told
    assert "0:2  not sent: the letter holds 65536 bytes of it; mend what is at 'big.jsonl:7'" in told
    assert [each.key for each in records_of(broker, articles)] == [b"fits"]
    assert [letter["letter"] for letter in _list(wirewatch)] == ["0:0", "0:2"]


def test_what_was_cut_is_taken_from_the_topic_it_came_from(
    wirewatch: Wirewatch, broker: Broker, tmp_path: Path
) -> None:
    articles, dead = _config(broker, tmp_path)
    long = _article("long", text="word " * 20_000)
    send(broker, articles, [b"another", long])
    _bury(
        broker,
        dead,
        DeadLetter("read", "oversized: by an older configuration", f"{articles}:0:1", long),
        DeadLetter("detect", "too-late: its text is gone", f"{articles}:0:1", b""),
    )
    code, told = _replay(wirewatch)
    assert code == 0, told
    assert [each.value for each in records_of(broker, articles)] == [b"another", long, long, long]


def test_wrong_usage_of_dead_letters_is_named(wirewatch: Wirewatch, broker: Broker, tmp_path: Path) -> None:
    assert "give kafka in [input]" in wirewatch("dead-letters", "list").stderr
    (tmp_path / "c.toml").write_text(
        f'[input]\nkafka = "{broker.servers}"\n[output]\ndead_letters_topic = "none-such"\n'
    )
    done = wirewatch("dead-letters", "list", "--config", "c.toml")
    assert done.returncode == 1
    assert "no topic 'none-such'" in done.stderr
    (tmp_path / "m.jsonl").write_text('{"article": {"title": "Whose?"}}\n')
    code, told = _replay(wirewatch, "--mended", "m.jsonl")
    assert code == 2
    assert "line 1" in told
    (tmp_path / "c.toml").write_text('[input]\nkafka = "127.0.0.1:1"\n[kafka]\nconnect_seconds = 2\n')
    done = wirewatch("dead-letters", "list", "--config", "c.toml")
    assert done.returncode == 1
    assert "no Kafka broker could be reached at '127.0.0.1:1'" in done.stderr
