"""What comes out of files, whole and damaged."""

import gzip
import json
import lzma
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from connectors.arrays import JsonSplitter
from connectors.files import DEFAULT_MAX_ARTICLE_BYTES, read_file
from connectors.splitting import LineSplitter
from pipeline.records import DEAD_LETTER_RAW_BYTES, DeadLetter, RawArticle

SEEN_AT = datetime(2024, 1, 31, 12, tzinfo=UTC)
COMPRESS = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
COMPRESSED = [".gz", ".xz", ".zst"]
ROWS = [{"title": f"Title {number}", "text": "words " * 50} for number in range(1, 201)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def read(path: str, limit: int = DEFAULT_MAX_ARTICLE_BYTES) -> list[RawArticle | DeadLetter]:
    return list(read_file(path, seen_at=SEEN_AT, max_article_bytes=limit))


def code(letter: RawArticle | DeadLetter) -> str:
    assert isinstance(letter, DeadLetter), letter
    assert letter.stage == "read"
    assert letter.source in letter.reason or repr(letter.source) in letter.reason
    return letter.reason.partition(":")[0]


def sources(found: list[RawArticle | DeadLetter]) -> list[str]:
    return [piece.source for piece in found]


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [(".txt", "text"), (".html", "html"), (".htm", "html"), (".xhtml", "html"), (".json", "json"), (".TXT", "text")],
)
def test_a_file_of_one_article_gives_its_bytes_and_its_path(
    tmp_path: Path, suffix: str, media_type: str, compression: str
) -> None:
    path = write(tmp_path / f"a{suffix}{compression}", COMPRESS[compression](b"{anything\n\n at all}"))
    assert read(path) == [RawArticle(path, b"{anything\n\n at all}", media_type, SEEN_AT)]  # type: ignore[arg-type]


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_each_line_is_an_article_with_its_number(tmp_path: Path, suffix: str, compression: str) -> None:
    path = write(tmp_path / f"a{suffix}{compression}", COMPRESS[compression](JSONL))
    found = read(path)
    assert sources(found) == [f"{path}:{number}" for number in range(1, 201)]
    assert [json.loads(raw.data) for raw in found if isinstance(raw, RawArticle)] == ROWS


@pytest.mark.parametrize("compression", COMPRESS)
def test_each_element_of_an_array_is_an_article_with_its_index(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path / f"a.json{compression}", COMPRESS[compression](json.dumps(ROWS, indent=1).encode()))
    found = read(path)
    assert sources(found) == [f"{path}:{number}" for number in range(1, 201)]
    assert [json.loads(raw.data) for raw in found if isinstance(raw, RawArticle)] == ROWS


def test_blank_lines_are_passed_over_but_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"\xef\xbb\xbf{1}\r\n\r\n \t\n{2}")
    assert [(raw.source, raw.data) for raw in read(path) if isinstance(raw, RawArticle)] == [
        (f"{path}:1", b"{1}"),
        (f"{path}:4", b"{2}"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_json_behind_a_byte_order_mark_is_cut_like_any_other(tmp_path: Path, suffix: str, encoding: str) -> None:
    text = '[{"title": "Ä\u0a0a"}, {"title": "€"}]' if suffix == ".json" else '{"title": "Ä\u0a0a"}\n{"title": "€"}'
    found = read(write(tmp_path / f"a{suffix}", text.encode(encoding)))
    assert [json.loads(raw.data)["title"] for raw in found if isinstance(raw, RawArticle)] == ["Ä\u0a0a", "€"]


@pytest.mark.parametrize("compression", [".gz", ".xz", ".zst"])
def test_archives_of_several_members_are_read_to_the_end(tmp_path: Path, compression: str) -> None:
    middle = len(JSONL) // 2
    parts = [COMPRESS[compression](JSONL[:middle]), COMPRESS[compression](b""), COMPRESS[compression](JSONL[middle:])]
    assert len(read(write(tmp_path / f"a.jsonl{compression}", b"".join(parts)))) == len(ROWS)


@pytest.mark.parametrize("compression", [".gz", ".xz"])
def test_zeros_behind_an_archive_are_padding(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path / f"a.jsonl{compression}", COMPRESS[compression](JSONL) + bytes(512))
    assert len(read(path)) == len(ROWS)


def test_without_a_time_the_modification_time_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"Title")
    os.utime(path, ns=(0, 1_706_702_400_123_456_789))
    (raw,) = read_file(path)
    assert isinstance(raw, RawArticle)
    assert raw.seen_at == datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("suffix", [".txt", ".html", ".json", ".jsonl"])
@pytest.mark.parametrize("data", [b"", b" \r\n\t\n"])
def test_a_file_without_content_is_a_dead_letter(tmp_path: Path, suffix: str, data: bytes, compression: str) -> None:
    (letter,) = read(write(tmp_path / f"a{suffix}{compression}", COMPRESS[compression](data)))
    assert code(letter) == "empty"


@pytest.mark.parametrize("compression", COMPRESSED)
def test_an_archive_of_no_bytes_is_empty(tmp_path: Path, compression: str) -> None:
    (letter,) = read(write(tmp_path / f"a.txt{compression}", b""))
    assert code(letter) == "empty"


def test_an_empty_array_holds_no_articles(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.json", b" [ ] \n")) == []


@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_truncated_archive_keeps_the_articles_before_the_cut(tmp_path: Path, compression: str) -> None:
    # Random titles, so that the archive is long enough to be cut in the middle of its data.
    rows = [json.dumps({"title": os.urandom(300).hex()}).encode() for _ in range(2000)]
    packed = COMPRESS[compression](b"\n".join(rows))
    *articles, letter = read(write(tmp_path / f"a.jsonl{compression}", packed[: len(packed) * 2 // 3]))
    assert [raw.data for raw in articles if isinstance(raw, RawArticle)] == rows[: len(articles)]
    assert len(articles) > 500
    assert code(letter) == "truncated-archive"
    assert isinstance(letter, DeadLetter)
    assert rows[len(articles)].startswith(letter.raw[:600])


@pytest.mark.parametrize("compression", COMPRESSED)
@pytest.mark.parametrize("suffix", [".txt", ".html", ".json", ".jsonl"])
@pytest.mark.parametrize("cut", [1, 5, -1])
def test_an_archive_may_be_cut_anywhere(tmp_path: Path, suffix: str, compression: str, cut: int) -> None:
    packed = COMPRESS[compression](b'{"title": "One line"}')
    *_, letter = read(write(tmp_path / f"a{suffix}{compression}", packed[:cut]))
    assert code(letter) == "truncated-archive"


@pytest.mark.parametrize("compression", COMPRESSED)
@pytest.mark.parametrize("data", [b'{"title": "not packed"}', b"\0" * 100, b"PK\x03\x04 something else", b"x"])
def test_a_file_that_only_claims_to_be_an_archive_is_corrupt(tmp_path: Path, compression: str, data: bytes) -> None:
    (letter,) = read(write(tmp_path / f"a.jsonl{compression}", data))
    assert code(letter) in {"corrupt-archive", "truncated-archive"}
    assert isinstance(letter, DeadLetter)
    assert data.startswith(letter.raw)
    assert letter.raw


@pytest.mark.parametrize("compression", [".gz", ".xz"])
def test_a_wrong_checksum_is_corrupt(tmp_path: Path, compression: str) -> None:
    packed = bytearray(COMPRESS[compression](JSONL))
    packed[-20 if compression == ".xz" else -6] ^= 0xFF
    *_, letter = read(write(tmp_path / f"a.jsonl{compression}", bytes(packed)))
    assert code(letter) == "corrupt-archive"


@pytest.mark.parametrize("compression", COMPRESSED)
def test_garbage_behind_an_archive_is_told_and_costs_no_article(tmp_path: Path, compression: str) -> None:
    packed = COMPRESS[compression](JSONL) + b"this is no archive"
    *articles, letter = read(write(tmp_path / f"a.jsonl{compression}", packed))
    assert len(articles) == len(ROWS)
    assert code(letter) == "corrupt-archive"


def test_an_archive_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=29, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    (letter,) = read(write(tmp_path / "a.jsonl.zst", compressor.compress(JSONL) + compressor.flush()))
    assert code(letter) == "corrupt-archive"


def test_an_oversized_line_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"{1}\n" + b"x" * 50_000_000 + b"\n{3}\n" + b"y" * 1001)
    tracemalloc.start()
    found = read(path, limit=1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sources(found) == [f"{path}:{number}" for number in (1, 2, 3, 4)]
    assert [type(piece) for piece in found] == [RawArticle, DeadLetter, RawArticle, DeadLetter]
    assert code(found[1]) == code(found[3]) == "oversized"
    assert len(found[1].raw) <= DEAD_LETTER_RAW_BYTES  # type: ignore[union-attr]
    assert peak < 1_000_000


@pytest.mark.parametrize("compression", COMPRESSED)
@pytest.mark.parametrize("suffix", [".txt", ".html", ".json", ".jsonl"])
def test_a_decompression_bomb_does_not_fill_the_memory(tmp_path: Path, suffix: str, compression: str) -> None:
    path = write(tmp_path / f"a{suffix}{compression}", COMPRESS[compression](b"[" + bytes(100_000_000)))
    tracemalloc.start()
    found = read(path, limit=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert code(found[0]) == "oversized"
    assert peak < 40_000_000


def test_an_oversized_element_costs_only_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", b'[{"a": 1}, {"b": "' + b"]},[" * 100_000 + b'"}, {"c": 3}]')
    first, letter, last = read(path, limit=1000)
    assert (code(letter), letter.source) == ("oversized", f"{path}:2")
    assert (first.source, last.source) == (f"{path}:1", f"{path}:3")


@pytest.mark.parametrize("suffix", [".txt", ".html", ".json"])
def test_an_oversized_file_gives_its_beginning(tmp_path: Path, suffix: str) -> None:
    (letter,) = read(write(tmp_path / f"a{suffix}", b"beginning" + b"x" * 200_000), limit=100_000)
    assert code(letter) == "oversized"
    assert isinstance(letter, DeadLetter)
    assert letter.raw.startswith(b"beginningxxx")


@pytest.mark.parametrize(
    ("data", "num_articles"),
    [
        (b'[{"a": 1}, {"b": 2}', 2),
        (b'[{"a": 1}, {"b": 2}, ', 2),
        (b'[{"a": 1}] {"b": 2}', 1),
        (b'[{"a": 1}, , {"b": 2}]', 2),
        (b'[{"a": 1},]', 1),
        (b"[", 0),
    ],
)
def test_an_array_that_is_not_sound_keeps_its_elements(tmp_path: Path, data: bytes, num_articles: int) -> None:
    found = read(write(tmp_path / "a.json", data))
    letters = [piece for piece in found if isinstance(piece, DeadLetter)]
    assert len(found) - len(letters) == num_articles
    assert [code(letter) for letter in letters] == ["malformed-json"]


def test_a_file_with_an_unknown_suffix_is_not_guessed_at(tmp_path: Path) -> None:
    for name in ("a.csv", "a", "a.gz", "a.tar.gz", "a.jsonl.bz2", ".txt"):
        (letter,) = read(write(tmp_path / name, b"Title"))
        assert code(letter) == "unsupported-format", name


def test_what_cannot_be_opened_is_a_dead_letter(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "dangling.txt").symlink_to("nowhere")
    for name in ("pipe.jsonl", "folder.txt", "dangling.txt", "vanished.txt", "with\0nul.txt", "lone\ud800.txt"):
        (letter,) = read(f"{tmp_path}/{name}")
        assert code(letter) == "unreadable", name
        letter.to_json()  # type: ignore[union-attr]


def test_an_error_in_the_middle_of_reading_is_a_dead_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.jsonl", JSONL * 20)
    answers = iter([b"{1}\n{2}\n{3"])

    def failing_read(_size: int) -> bytes:
        for answer in answers:
            return answer
        raise OSError(5, "Input/output error")

    class FailingFile:
        def __enter__(self) -> "FailingFile":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        read = staticmethod(failing_read)

    monkeypatch.setattr("connectors.files.open_regular", lambda _path: FailingFile())
    first, second, letter = read(path)
    assert (first.source, second.source) == (f"{path}:1", f"{path}:2")
    assert code(letter) == "unreadable"
    assert letter.raw == b"{3"  # type: ignore[union-attr]


def test_names_that_are_no_unicode_or_no_single_line_give_a_valid_source(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(odd)).write_bytes(b"Title")
    (raw,) = read(os.fsdecode(odd))
    assert raw.source == f"{tmp_path}/caf\\xe9.txt"
    (raw,) = read(write(tmp_path / "two\nlines.txt", b"Title"))
    assert raw.source == f"{tmp_path}/two\nlines.txt"


def chunked(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [chunk for chunk in [*chunks, data] if chunk]


@given(st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.text()))), st.lists(st.integers(1, 9)))
def test_arrays_are_cut_alike_however_they_arrive(elements: list[dict[str, object]], sizes: list[int]) -> None:
    splitter = JsonSplitter(10_000)
    pieces = [p for chunk in chunked(json.dumps(elements).encode(), sizes * 50) for p in splitter.feed(chunk)]
    assert list(splitter.finish()) == []
    assert [json.loads(piece.data) for piece in pieces] == elements


@given(st.binary(), st.lists(st.integers(1, 3)))
def test_lines_are_cut_alike_however_they_arrive(data: bytes, sizes: list[int]) -> None:
    splitter = LineSplitter(100)
    pieces = [piece for chunk in chunked(data, sizes * 50) for piece in splitter.feed(chunk)] + list(splitter.finish())
    lines = [line.rstrip(b"\r") for line in data.split(b"\n") if line.strip()]
    assert [piece.data for piece in pieces if not piece.code] == lines


@given(st.binary(), st.sampled_from([".txt", ".json", ".jsonl.gz", ".jsonl.xz", ".jsonl.zst", ".html.gz", ".json.xz"]))
def test_nothing_is_raised_whatever_the_file_holds(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = write(tmp_path_factory.getbasetemp() / f"any{suffix}", data)
    for piece in read(path, limit=20):
        assert isinstance(piece, RawArticle) or code(piece)
