"""Publishing what appears, grows or is renamed into place."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.broker import Broker
from tests.kafka.publishing import Publishing, line, numbers, summed


@pytest.fixture
def publishing(broker: Broker, tmp_path: Path) -> Publishing:
    (tmp_path / "news").mkdir()
    return Publishing(broker, tmp_path)


@pytest.fixture
def news(publishing: Publishing) -> Iterator[Path]:
    """Return a folder that is followed; it holds one article that is published already."""
    folder = publishing.folder / "news"
    (folder / "feed.jsonl").write_bytes(line(0))
    process = publishing.start(folder, "--follow")
    try:
        publishing.wait_for_ids({"a0"})
        yield folder
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0, output
    found = summed(output)
    assert found["articles read"] == found["published"] + found["dead letters"]


def test_lines_are_published_as_a_file_grows_each_once(publishing: Publishing, news: Path) -> None:
    with (news / "feed.jsonl").open("ab", buffering=0) as feed:
        for number in range(1, 20):
            feed.write(line(number)[:15])
            time.sleep(0.05)
            feed.write(line(number)[15:])

    publishing.wait_for_ids(numbers(20))
    assert len(publishing.ids()) == 20
    assert publishing.dead_letters() == []


def test_a_file_that_appears_in_a_new_folder_is_published_when_it_rests(publishing: Publishing, news: Path) -> None:
    (news / "today").mkdir()
    with (news / "today" / "one.json").open("wb", buffering=0) as file:
        file.write(line(1)[:15])
        time.sleep(0.3)
        file.write(line(1)[15:])

    publishing.wait_for_ids(numbers(2))
    assert publishing.dead_letters() == []


def test_a_file_that_is_renamed_into_place_is_published(publishing: Publishing, news: Path) -> None:
    (news / ".one.json.part").write_bytes(line(1))
    (news.parent / "elsewhere").mkdir()
    (news.parent / "elsewhere" / "two.jsonl").write_bytes(line(2))
    (news / ".one.json.part").rename(news / "one.json")
    (news.parent / "elsewhere").rename(news / "moved")

    publishing.wait_for_ids(numbers(3))


def test_a_file_that_is_replaced_is_published_anew(publishing: Publishing, news: Path) -> None:
    (news / ".new").write_bytes(line(1) + line(2))
    (news / ".new").replace(news / "feed.jsonl")

    publishing.wait_for_ids(numbers(3))


def test_a_log_that_is_rotated_is_published_once(publishing: Publishing, news: Path) -> None:
    (news / "feed.jsonl").rename(news / "feed-1.jsonl")
    (news / "feed.jsonl").write_bytes(line(1))

    publishing.wait_for_ids(numbers(2))
    time.sleep(1)
    assert sorted(publishing.ids()) == ["a0", "a1"]


def test_other_and_hidden_files_are_left_alone(publishing: Publishing, news: Path) -> None:
    (news / "photo.gif").write_bytes(b"GIF")
    (news / ".hidden.jsonl").write_bytes(line(1))
    (news / "last.jsonl").write_bytes(line(2))

    publishing.wait_for_ids({"a2"})
    time.sleep(1)
    assert sorted(publishing.ids()) == ["a0", "a2"]
    assert publishing.dead_letters() == []
