import gzip
import lzma
from pathlib import Path

import orjson
import pytest
import zstandard

from pipeline.evaluation.gold import MalformedGold, read_gold, read_gold_sets, set_name

QUAKE = {"id": "1", "lang": "en", "title": "Quake", "story": "quake"}
TRIAL = {"id": "2", "lang": "en", "title": "Trial", "story": "trial"}


def lines(*articles: object) -> bytes:
    return b"".join(orjson.dumps(article) + b"\n" for article in articles)


def written(folder: Path, *articles: object, name: str = "toy.jsonl") -> Path:
    path = folder / name
    path.write_bytes(lines(*articles))
    return path


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".xz", lzma.compress),
        (".zst", zstandard.compress),
        # Two frames, as `cat a.zst b.zst` and parallel compressors write them.
        (".zst", lambda data: zstandard.compress(data[:40]) + zstandard.compress(data[40:])),
    ],
)
def test_a_set_reads_the_same_plain_and_compressed(tmp_path: Path, suffix: str, compress) -> None:
    path = tmp_path / f"toy.dev.jsonl{suffix}"
    path.write_bytes(compress(lines(QUAKE, TRIAL)))

    gold = read_gold(path)

    assert gold.name == "toy"
    assert [article.raw for article in gold.articles] == [QUAKE, TRIAL]
    assert [article.label for article in gold.articles] == ["quake", "trial"]


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"story": "quake"}, "quake"),
        ({"story": "quake", "story_group": "disasters"}, "disasters"),
        ({"story": "quake", "story_group": None}, "quake"),
        ({"story_group": "disasters"}, "disasters"),
        ({"story": 7}, "7"),
        ({"story": 0}, "0"),
        ({"story": None}, None),
        ({"story": ""}, None),
        ({}, None),
    ],
)
def test_the_label_is_the_story_group_where_there_is_one(tmp_path: Path, fields: dict, label: str | None) -> None:
    gold = read_gold(written(tmp_path, QUAKE, {"id": "x", **fields}))

    assert gold.articles[1].label == label


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        ({"lang": "en"}, "en"),
        ({"language": "de", "lang": "en"}, "de"),
        ({"lang": "pt_BR"}, "pt"),
        ({"language": "EN-us"}, "en"),
        ({"lang": None}, None),
        ({}, None),
    ],
)
def test_the_language_is_a_primary_tag(tmp_path: Path, fields: dict, language: str | None) -> None:
    gold = read_gold(written(tmp_path, {"id": "x", "story": "quake", **fields}))

    assert gold.articles[0].language == language


def test_blank_lines_are_skipped_and_counted_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "toy.jsonl"
    path.write_bytes(b"\n" + lines(QUAKE) + b"  \n{}x\n")

    with pytest.raises(MalformedGold, match=r"toy\.jsonl:4: not JSON"):
        read_gold(path)


def test_an_article_without_an_id_is_named_after_its_line(tmp_path: Path) -> None:
    gold = read_gold(written(tmp_path, QUAKE, {"title": "Trial", "story": "trial"}, {"id": 3}))

    assert [article.id for article in gold.articles] == ["1", "toy:2", "3"]
    assert [article.raw["id"] for article in gold.articles] == ["1", "toy:2", "3"]


def test_revisions_of_an_article_are_kept(tmp_path: Path) -> None:
    gold = read_gold(written(tmp_path, QUAKE, QUAKE | {"title": "Strong quake"}, {"id": "1", "title": "Quake: 3 dead"}))

    assert [article.label for article in gold.articles] == ["quake", "quake", None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "holds a list, not a JSON object"),
        (b'"text"', "holds a str, not a JSON object"),
        (b'{"id": ["1"]}', r"'id' is \['1'\]: it must be text"),
        (b'{"story": {"a": 1}}', r"'story' is \{'a': 1\}: it must be text"),
        (b'{"story": true}', "'story' is True: it must be text"),
        (b'{"lang": 1.5}', r"'lang' is 1\.5: it must be text"),
        (b'{"id": "1", "story": "trial"}', "article '1' is labelled 'trial', but 'quake' on line 1"),
    ],
)
def test_a_bad_line_is_named_with_file_line_and_reason(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "toy.jsonl"
    path.write_bytes(lines(QUAKE) + line)

    with pytest.raises(MalformedGold, match=rf"{path}:2: {message}"):
        read_gold(path)


def test_a_set_without_any_label_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(MalformedGold, match=r"none of its 1 articles has a label.*put the story's name into"):
        read_gold(written(tmp_path, {"id": "1", "story": None}))


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_set_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toy.jsonl"
    path.write_bytes(content)

    with pytest.raises(MalformedGold, match="no article in it"):
        read_gold(path)


@pytest.mark.parametrize("suffix", ["gz", "xz", "zst"])
def test_a_file_that_is_not_compressed_as_it_says_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(MalformedGold, match="damaged or cut short"):
        read_gold(written(tmp_path, QUAKE, name=f"toy.jsonl.{suffix}"))


@pytest.mark.parametrize(
    ("suffix", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("zst", zstandard.compress)]
)
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, suffix: str, compress) -> None:
    path = tmp_path / f"toy.jsonl.{suffix}"
    path.write_bytes(compress(lines(QUAKE, TRIAL))[:-9])

    with pytest.raises(MalformedGold, match="damaged or cut short"):
        read_gold(path)


@pytest.mark.parametrize("name", ["toy.csv", "toy.json", "toy.xz", "toy.jsonl.bz2", "toy"])
def test_a_file_of_another_type_is_refused_with_those_that_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(MalformedGold, match=r"give one that ends in \.jsonl, \.jsonl\.gz"):
        read_gold(written(tmp_path, QUAKE, name=name))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.jsonl"):
        read_gold(tmp_path / "gone.jsonl")


def test_sets_of_one_name_are_refused_before_any_is_read(tmp_path: Path) -> None:
    paths = [tmp_path / "toy.dev.jsonl", tmp_path / "toy.test.jsonl.xz"]

    with pytest.raises(MalformedGold, match=r"toy\.dev\.jsonl and .*toy\.test\.jsonl\.xz are both named 'toy'"):
        read_gold_sets(paths)


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedGold, match="give each file once"):
        read_gold_sets([written(tmp_path, QUAKE), written(tmp_path, QUAKE)])


def test_several_sets_come_in_the_order_given(tmp_path: Path) -> None:
    paths = [written(tmp_path, QUAKE, name=name) for name in ("b.jsonl", "a.jsonl")]

    assert [gold.name for gold in read_gold_sets(paths)] == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "articles", "labelled", "stories"),
    [
        ("ecbplus", 982, 982, 86),
        ("fnc1", 2486, 2486, 289),  # 298 of `story`, of which `story_group` merges twins
        ("multiling2011", 700, 700, 10),
        ("googlenews_ts", 11_109, 11_109, 152),
        ("wikiref220", 220, 185, None),
    ],
)
def test_the_shared_sets_hold_what_their_readme_says(
    shared: Path, name: str, articles: int, labelled: int, stories: int | None
) -> None:
    gold = read_gold(shared / "data" / f"{name}.jsonl.xz")
    labels = [article.label for article in gold.articles if article.label is not None]

    assert set_name(Path(f"{name}.jsonl.xz")) == gold.name == name
    assert (len(gold.articles), len(labels)) == (articles, labelled)
    assert stories is None or len(set(labels)) == stories


def test_the_shared_set_without_labels_is_refused(shared: Path) -> None:
    with pytest.raises(MalformedGold, match="none of its 19187 articles has a label"):
        read_gold(shared / "data" / "reuters21578.jsonl.xz")


def test_pairs_that_share_most_of_their_words_are_read_from_the_file_beside_the_set(tmp_path: Path) -> None:
    alike = {"a": "1", "b": "2", "jaccard3": 0.5, "same_story": True}
    written(tmp_path, alike, alike | {"b": "1", "jaccard3": 0.49}, name="toy.jaccard3.jsonl")

    assert read_gold(written(tmp_path, QUAKE, TRIAL)).copies == (("1", "2"),)


def test_a_set_without_such_a_file_knows_of_no_copies(tmp_path: Path) -> None:
    assert read_gold(written(tmp_path, QUAKE, TRIAL)).copies is None


@pytest.mark.parametrize("pair", [{"a": "1", "b": "2"}, {"a": "1", "b": "9", "jaccard3": 0.9}, "1 2"])
def test_a_malformed_pair_is_told_with_the_file(tmp_path: Path, pair: object) -> None:
    written(tmp_path, pair, name="toy.jaccard3.jsonl")

    with pytest.raises(MalformedGold, match=r"toy\.jaccard3\.jsonl"):
        read_gold(written(tmp_path, QUAKE, TRIAL))
