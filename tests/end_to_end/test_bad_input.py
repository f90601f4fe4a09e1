"""Bad input never stops a run and never vanishes: each piece is a dead letter with its reason, or has a status."""

import base64
import lzma
import os
from collections import Counter
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest

from tests.running import Wirewatch, read_jsonl

GOOD = {"id": "good", "outlet": "The Lantern", "title": "Harbour bridge opens in Osterhaven", "text": "It opened."}


def _replayed(wirewatch: Wirewatch, folder: Path, *options: object) -> tuple[CompletedProcess[str], Path]:
    out = folder.parent / "out"
    files = ("--events", out / "e.jsonl", "--assignments", out / "a.jsonl", "--dead-letters", out / "d.jsonl")
    return wirewatch("replay", folder, *files, *options), out


def _json(**fields: Any) -> bytes:
    return orjson.dumps({**GOOD, **fields})


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty.txt": (b"", "empty"),
    "blank.jsonl": (b" \n\n", "empty"),
    "no-text.json": (_json(title=" ", text=None), "empty"),
    "bytes.txt": (bytes(range(256)) * 20, "undecodable"),
    "bytes.jsonl": (b'{"title": "\xff\xfe\x80"}\n', "undecodable"),
    "broken.jsonl": (b'{"title": "Harbour bri\n', "malformed-json"),
    "list.jsonl": (b"[1, 2]\n", "wrong-shape"),
    "title.jsonl": (_json(title=["a", "b"]) + b"\n", "wrong-shape"),
    "date.jsonl": (_json(observed_at="last Tuesday") + b"\n", "bad-observed-at"),
    "not-an-archive.jsonl.gz": (b"plain text", "corrupt-archive"),
    "cut.jsonl.xz": (lzma.compress(_json(id="before the cut") + b"\n" + os.urandom(50_000).hex().encode())[:-9000], ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.json").write_bytes(_json())
    return folder


def test_every_bad_file_becomes_a_dead_letter_with_its_reason(wirewatch: Wirewatch, folder: Path) -> None:
    for name, (content, _) in BAD_FILES.items():
        (folder / name).write_bytes(content)
    done, out = _replayed(wirewatch, folder)
    assert done.returncode == 0, done.stderr
    reasons = {Path(letter["source"]).name.split(":")[0]: letter["reason"] for letter in read_jsonl(out / "d.jsonl")}
    assert set(reasons) == set(BAD_FILES)
    for name, (_, code) in BAD_FILES.items():
        assert reasons[name].startswith(code or "truncated-archive"), reasons[name]
    assert {line["article_id"] for line in read_jsonl(out / "a.jsonl")} == {"good", "before the cut"}


def test_a_dead_letter_carries_its_input(wirewatch: Wirewatch, folder: Path) -> None:
    (folder / "broken.jsonl").write_bytes(b'{"title": "Harbour bri\n')
    _, out = _replayed(wirewatch, folder)
    (letter,) = read_jsonl(out / "d.jsonl")
    assert set(letter) == {"stage", "reason", "source", "raw"}
    assert letter["source"].endswith("broken.jsonl:1")
    assert base64.b64decode(letter["raw"]) == b'{"title": "Harbour bri'


def test_a_line_of_50_mb_is_set_aside_and_reading_goes_on_behind_it(wirewatch: Wirewatch, folder: Path) -> None:
    long = _json(id="long", text="word " * 10_000_000)
    (folder / "long.jsonl").write_bytes(b"\n".join([_json(id="a"), long, _json(id="b", title="Another matter")]))
    done, out = _replayed(wirewatch, folder)
    assert done.returncode == 0
    (letter,) = read_jsonl(out / "d.jsonl")
    assert letter["reason"].startswith("oversized")
    assert letter["source"].endswith("long.jsonl:2")
    assert len(letter["raw"]) < 100_000
    assert {line["article_id"] for line in read_jsonl(out / "a.jsonl")} == {"good", "a", "b"}


def test_the_same_article_twice_is_a_repeat(wirewatch: Wirewatch, folder: Path) -> None:
    (folder / "again.json").write_bytes(_json())
    done, out = _replayed(wirewatch, folder)
    assert Counter(line["role"] for line in read_jsonl(out / "a.jsonl")) == {"report": 1, "repeat": 1}
    assert "1    repeats" in done.stdout


@pytest.mark.parametrize(
    ("published_at", "note"), [("1970-01-01T00:00:00Z", True), ("2199-01-01", True), ("1970-06-01", False)]
)
def test_an_implausible_publication_date_is_ignored_and_counted(
    wirewatch: Wirewatch, folder: Path, published_at: str, note: bool
) -> None:
    (folder / "good.json").write_bytes(_json(published_at=published_at))
    done, out = _replayed(wirewatch, folder, "--seen-at", "2024-03-01")
    assert done.returncode == 0
    assert ("implausible-published-at" in done.stdout) == note
    assert [line["role"] for line in read_jsonl(out / "a.jsonl")] == ["report"]


def test_a_file_name_with_a_newline_works_like_any_other(wirewatch: Wirewatch, folder: Path) -> None:
    (folder / "two\nlines.json").write_bytes(_json(id="odd"))
    done, out = _replayed(wirewatch, folder)
    assert done.returncode == 0
    assert {line["source"].rsplit("/", 1)[1] for line in read_jsonl(out / "a.jsonl")} == {
        "good.json",
        "two\nlines.json",
    }


def test_a_file_name_that_is_no_utf8_works_like_any_other(wirewatch: Wirewatch, folder: Path) -> None:
    with open(os.fsencode(folder) + b"/odd\xff\xfe.json", "wb") as file:
        file.write(_json(id="odd"))
    done, out = _replayed(wirewatch, folder)
    assert done.returncode == 0, done.stderr
    assert {line["article_id"] for line in read_jsonl(out / "a.jsonl")} == {"good", "odd"}


def test_a_link_to_nothing_is_a_dead_letter(wirewatch: Wirewatch, folder: Path) -> None:
    (folder / "gone.txt").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.json")
    done, out = _replayed(wirewatch, folder)
    assert done.returncode == 0, done.stderr
    assert [letter["reason"].split(":")[0] for letter in read_jsonl(out / "d.jsonl")] == ["unreadable"] * 2


@pytest.mark.parametrize("through", ["name", "folder", "link"])
def test_a_file_that_is_read_is_never_overwritten(wirewatch: Wirewatch, folder: Path, through: str) -> None:
    link = folder.parent / "link.jsonl"
    link.symlink_to(folder / "good.json")
    source, output = {
        "name": (folder / "good.json", folder / "good.json"),
        "folder": (folder, folder / "good.json"),
        "link": (folder, link),
    }[through]
    done = wirewatch("replay", source, "--events", output)
    assert done.returncode == 2
    assert "overwritten" in done.stderr
    assert (folder / "good.json").read_bytes() == _json()


def test_an_output_that_is_a_link_goes_to_what_it_names(wirewatch: Wirewatch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "assignments.jsonl").symlink_to(tmp_path / "real.jsonl")
    wirewatch("replay", folder, "--events", "e.jsonl", "--assignments", "assignments.jsonl")
    assert (tmp_path / "assignments.jsonl").is_symlink()
    assert len(read_jsonl(tmp_path / "real.jsonl")) == 1


def test_an_output_that_is_a_pipe_stays_one(wirewatch: Wirewatch, folder: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        done = wirewatch("replay", folder, "--events", "e.jsonl", "--assignments", pipe)
        assert done.returncode == 0, done.stderr
        assert b'"article_id":"good"' in os.read(reader, 10_000)
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_the_summary_adds_up(wirewatch: Wirewatch, folder: Path, samples: Path) -> None:
    for name, (content, _) in BAD_FILES.items():
        (folder / name).write_bytes(content)
    (folder / "newswire.jsonl").write_bytes((samples / "newswire.jsonl").read_bytes())
    (folder / "picture.png").write_bytes(b"\x89PNG")
    done, _ = _replayed(wirewatch, folder)
    numbers = {
        " ".join(words): int(number.replace(",", "")) for number, *words in map(str.split, done.stdout.splitlines())
    }
    read = numbers["articles read, of them"]
    roles = ("reports", "copies", "revisions", "repeats", "takedowns", "dead letters")
    assert read == sum(numbers[role] for role in roles)
    assert numbers["dead letters"] == len(BAD_FILES)
    assert "1 others in the folders have no suffix that is read" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay", "nowhere", "--events", "e.jsonl"], ["nowhere", "no file or folder"]),
        (["replay", "*.jsonl", "--events", "e.jsonl"], ["*.jsonl", "match"]),
        (["replay", ".", "--event", "e.jsonl"], ["--events"]),
        (["replay", "."], ["--events"]),
        (["replay", ".", "--events", "e.jsonl", "--seen-at", "noon"], ["noon", "1987-03-17T04:30:00Z"]),
        (["replay", ".", "--events", "x", "--assignments", "./x"], ["two outputs"]),
        (["replay", ".", "--events", "/proc/none/e.jsonl"], ["/proc/none/e.jsonl"]),
        (["replay", ".", "--events", "e.jsonl", "--config", "none.toml"], ["none.toml"]),
        (["replay", ".", "--events", ""], ["empty name"]),
        (["replay", ".", "--events", "/proc/e.jsonl"], ["/proc/e.jsonl"]),
        (["replay", ".", "--events", "e.jsonl", "--", "--runner=Nope"], ["--runner=Nope"]),
        (["evaluate", "nowhere.jsonl"], ["nowhere.jsonl"]),
        (["evaluate", "x.jsonl", "--orders", "0"], ["--orders"]),
    ],
)
def test_wrong_usage_exits_with_2_and_names_what_is_wrong(
    wirewatch: Wirewatch, arguments: list[str], words: list[str]
) -> None:
    done = wirewatch(*arguments)
    assert done.returncode == 2
    for word in words:
        assert word in done.stderr


def test_an_unknown_configuration_key_exits_with_2_and_names_the_one_that_was_meant(
    wirewatch: Wirewatch, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "typo.toml").write_text("[detection.copies]\ntreshold = 0.3\n")
    done, _ = _replayed(wirewatch, folder, "--config", "typo.toml")
    assert done.returncode == 2
    assert "'treshold'" in done.stderr
    assert "'threshold'" in done.stderr
