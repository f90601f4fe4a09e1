"""Files into Kafka, once."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from tests.kafka.broker import Broker
from tests.kafka.publishing import Publishing, line, numbers, summed


@pytest.fixture
def publishing(broker: Broker, tmp_path: Path) -> Publishing:
    return Publishing(broker, tmp_path)


def test_articles_of_every_kind_are_in_the_topic_under_their_ids(publishing: Publishing, samples: Path) -> None:
    (publishing.folder / "one.txt").write_text("Bridge closed\nThe harbour bridge was closed.")

    done = publishing.run(samples / "newswire.jsonl", publishing.folder / "one.txt")

    assert done.returncode == 0, done.stderr
    articles = publishing.articles()
    assert sorted(article["id"] for article in articles) == sorted(publishing.ids())
    found = summed(done.stdout)
    assert found["articles read"] == found["published"] + found["dead letters"]
    assert len(articles) == found["published"] == 1 + len((samples / "newswire.jsonl").read_bytes().splitlines())


def test_what_the_topic_has_is_not_sent_again(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0) + line(1))
    publishing.run(file)
    os.utime(file)

    for _ in range(2):
        done = publishing.run(file)

    assert publishing.ids() == ["a0", "a1"]
    assert summed(done.stdout)["files left alone"] == 1


def test_only_what_a_file_grew_by_is_sent(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0) + line(1).rstrip())
    publishing.run(file)
    with file.open("ab") as feed:
        feed.write(b"\n" + line(2))

    publishing.run(file)

    assert publishing.ids() == ["a0", "a1", "a2"]


def test_a_line_that_was_cut_short_is_sent_when_it_is_whole(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0) + line(1)[:20])
    publishing.run(file)
    assert [letter["reason"].split(":")[0] for letter in publishing.dead_letters()] == ["malformed-json"]
    file.write_bytes(line(0) + line(1))

    publishing.run(file)

    assert publishing.ids() == ["a0", "a1"]


def test_a_file_with_other_content_is_sent_whole(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0) + line(1))
    publishing.run(file)
    file.write_bytes(line(2) + line(3) + line(4))

    publishing.run(file)

    assert publishing.ids() == ["a0", "a1", "a2", "a3", "a4"]


def test_a_renamed_file_is_known(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0))
    publishing.run(file)
    renamed = file.rename(publishing.folder / "old.jsonl")

    publishing.run(renamed)

    assert publishing.ids() == ["a0"]


def test_another_topic_is_sent_everything(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0))
    publishing.run(file)
    publishing.topic += "-too"
    publishing.broker.create_topic(publishing.topic)
    publishing.configure()

    publishing.run(file)

    assert publishing.ids() == ["a0"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--archive"], {"dated": "1987-03-17T04:00:00Z", "undated": "2001-09-09T01:46:40Z"}),
        (
            ["--archive", "--seen-at", "1990-01-01T00:00:00Z"],
            {"dated": "1987-03-17T04:00:00Z", "undated": "1990-01-01T00:00:00Z"},
        ),
        (
            ["--seen-at", "1990-01-01T00:00:00Z"],
            {"dated": "1990-01-01T00:00:00Z", "undated": "1990-01-01T00:00:00Z"},
        ),
    ],
)
def test_event_time_is_stamped_as_asked(publishing: Publishing, options: list[str], expected: dict[str, str]) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(
        b'{"id":"dated","title":"Bridge","published_at":"1987-03-17T04:00:00Z"}\n{"id":"undated","title":"Bridge"}\n'
        b'{"id":"own","title":"Bridge","observed_at":"1999-01-01T00:00:00Z"}\n'
    )
    os.utime(file, (1_000_000_000, 1_000_000_000))

    publishing.run(file, *options)

    found = {article["id"]: article["observed_at"] for article in publishing.articles()}
    assert found == expected | {"own": "1999-01-01T00:00:00Z"}


def test_live_the_clock_is_the_event_time(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(b'{"id":"dated","title":"Bridge","published_at":"1987-03-17T04:00:00Z"}\n')

    publishing.run(file)

    observed = datetime.fromisoformat(publishing.articles()[0]["observed_at"])
    assert timedelta() <= datetime.now(UTC) - observed < timedelta(minutes=1)


def test_an_article_too_large_for_the_topic_is_a_dead_letter(broker: Broker, tmp_path: Path) -> None:
    publishing = Publishing(broker, tmp_path, max_message_bytes="20000")
    file = tmp_path / "feed.jsonl"
    file.write_bytes(line(0) + line(1, os.urandom(15_000).hex()) + line(2, os.urandom(9_000).hex()) + line(3))

    done = publishing.run(file)

    assert publishing.ids() == ["a0", "a2", "a3"]
    (letter,) = publishing.dead_letters()
    assert letter["stage"] == "publish"
    assert letter["reason"].startswith(f"too-large: '{file}:2' takes 30,")
    assert letter["source"] == f"{file}:2"
    assert letter["raw"].startswith('{"id":"a1"')
    assert summed(done.stdout)["dead letters"] == 1


def test_garbage_is_dead_lettered_and_the_rest_goes_on(publishing: Publishing) -> None:
    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0) + b"garbage\n" + b"[1, 2]\n" + b'{"id": "x"}\n' + line(1))
    (publishing.folder / "photo.gif").write_bytes(b"GIF")

    done = publishing.run(file, publishing.folder / "photo.gif")

    assert done.returncode == 0
    assert publishing.ids() == ["a0", "a1"]
    codes = [letter["reason"].split(":")[0] for letter in publishing.dead_letters()]
    assert sorted(codes) == ["empty", "malformed-json", "unsupported-format", "wrong-shape"]
    assert [summed(done.stdout)[row] for row in ("articles read", "published", "dead letters")] == [6, 2, 4]


def test_a_compressed_file_is_read_to_its_end(publishing: Publishing) -> None:
    import gzip

    file = publishing.folder / "feed.jsonl.gz"
    file.write_bytes(gzip.compress(b"".join(map(line, range(500)))))

    for _ in range(2):
        publishing.run(file)

    assert len(publishing.ids()) == 500
    assert set(publishing.ids()) == numbers(500)


def test_the_record_s_timestamp_is_kafka_s_own(publishing: Publishing) -> None:
    from tests.kafka.loading import records_of

    file = publishing.folder / "feed.jsonl"
    file.write_bytes(line(0))
    publishing.run(file, "--seen-at", "1987-03-17T00:00:00Z")

    (record,) = records_of(publishing.broker, publishing.topic)
    assert datetime.now(UTC).timestamp() - record.timestamp / 1000 < 60
    assert orjson.loads(record.value)["observed_at"] == "1987-03-17T00:00:00Z"


def test_a_missing_topic_is_named_with_the_command_that_makes_it(publishing: Publishing) -> None:
    (publishing.folder / "feed.jsonl").write_bytes(line(0))
    publishing.topic = "not-there"
    publishing.configure()

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "has no topic 'not-there': make it with `wirewatch topics create --config" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_broker_that_is_not_there_is_one_message(publishing: Publishing) -> None:
    (publishing.folder / "feed.jsonl").write_bytes(line(0))
    publishing.configure("[kafka]\nconnect_seconds = 2\n", servers="127.0.0.1:1")

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert done.stderr.startswith("Error: no Kafka broker could be reached at '127.0.0.1:1' (Connection refused)")
    assert len(done.stderr.splitlines()) == 1


def test_two_publishers_cannot_share_a_memory(publishing: Publishing, tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "feed.jsonl").write_bytes(line(0))
    first = publishing.start(tmp_path / "feed", "--follow")
    try:
        publishing.wait_for_ids({"a0"})
        second = publishing.run(tmp_path / "feed")
    finally:
        first.terminate()
        first.communicate(timeout=10)

    assert second.returncode == 1
    assert "another publish works with" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_a_database_of_another_program_is_left_alone(publishing: Publishing, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "memory.db") as database:
        database.execute("CREATE TABLE other (x)")
    (tmp_path / "feed.jsonl").write_bytes(line(0))

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "is no memory of publish" in done.stderr
