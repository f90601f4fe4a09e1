"""Which files the sources on a command line mean."""

import os
import subprocess
from pathlib import Path

import pytest

from connectors.files import SourceNotFound, find_files


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jsonl", "a/2.txt.gz", "a/1.txt", "a/deep/3.JSON", "a/notes.csv", ".hidden.txt", "a/.git/4.txt"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


ALL = ("data/a/1.txt", "data/a/2.txt.gz", "data/a/deep/3.JSON", "data/b.jsonl")


@pytest.mark.usefixtures("tree")
def test_a_folder_gives_its_files_sorted_and_says_what_it_skipped() -> None:
    found = find_files(["data"])
    assert found.files == ALL
    assert found.skipped == ("data/a/notes.csv",)


@pytest.mark.usefixtures("tree")
def test_paths_keep_the_spelling_of_their_source(tree: Path) -> None:
    assert find_files(["./data/"]).files == tuple(f"./{path}" for path in ALL)
    assert find_files([str(tree)]).files == tuple(f"{tree}/{path}" for path in ALL)
    assert find_files(["data/../data/b.jsonl"]).files == ("data/../data/b.jsonl",)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("data/*.jsonl", ("data/b.jsonl",)),
        ("data/a*", ALL[:3]),
        ("data/**/*.txt", ("data/a/1.txt",)),
        ("**/*.txt*", ("data/a/1.txt", "data/a/2.txt.gz")),
        ("data/**", ("data/a/1.txt", "data/a/2.txt.gz", "data/a/deep/3.JSON", "data/a/notes.csv", "data/b.jsonl")),
        ("data/**/deep", ("data/a/deep/3.JSON",)),
        ("data/**/deep/", ("data/a/deep/3.JSON",)),
        ("data/[ab]/?.txt", ("data/a/1.txt",)),
        ("d*/**/deep/**/3.*", ("data/a/deep/3.JSON",)),
    ],
)
def test_globs_are_expanded(pattern: str, files: tuple[str, ...]) -> None:
    assert find_files([pattern]).files == files


@pytest.mark.usefixtures("tree")
def test_a_file_that_is_named_is_taken_whatever_its_suffix() -> None:
    assert find_files(["data/a/notes.csv", "data/.hidden.txt"]).files == ("data/a/notes.csv", "data/.hidden.txt")
    assert find_files(["data", "data/a/*.csv"]).skipped == ()


@pytest.mark.usefixtures("tree")
def test_a_file_found_twice_is_read_once() -> None:
    os.symlink("b.jsonl", "data/c.jsonl")
    assert find_files(["data/b.jsonl", "data", "./data", "data/*.jsonl"]).files == ("data/b.jsonl", *ALL[:3])


@pytest.mark.usefixtures("tree")
def test_a_path_that_exists_is_no_glob() -> None:
    Path("data/[ab].txt").write_text("x")
    Path("data/a.txt").write_text("x")
    assert find_files(["data/[ab].txt"]).files == ("data/[ab].txt",)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("source", ["nowhere", "data/nowhere.txt", "data/*.xml", "nowhere/**", "**/*.xml", "", "a\0b"])
def test_a_source_that_names_nothing_is_refused_by_name(source: str) -> None:
    with pytest.raises(SourceNotFound) as error:
        find_files(["data", source])
    assert repr(source) in str(error.value)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("source", ["data", "data/**", "data/**/*.*"])
def test_links_that_run_in_circles_do_no_harm(source: str) -> None:
    for number in range(6):
        os.symlink("..", f"data/a/up{number}")
    os.symlink("loop.txt", "data/loop.txt")
    assert set(find_files([source]).files) - {"data/a/notes.csv", "data/loop.txt"} == set(ALL)


@pytest.mark.usefixtures("tree")
def test_links_to_folders_and_files_elsewhere_are_followed(tree: Path) -> None:
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere" / "5.txt").write_text("x")
    os.symlink("../elsewhere", "data/z")
    assert find_files(["data"]).files == (*ALL, "data/z/5.txt")


@pytest.mark.usefixtures("tree")
def test_what_is_no_regular_file_is_named_too_so_that_reading_it_says_so() -> None:
    os.mkfifo("data/pipe.txt")
    os.symlink("nowhere", "data/dangling.txt")
    found = find_files(["data"])
    assert set(found.files) == {*ALL, "data/pipe.txt", "data/dangling.txt"}


@pytest.mark.usefixtures("tree")
def test_a_folder_without_articles_is_no_error() -> None:
    Path("empty").mkdir()
    assert find_files(["empty"]).files == ()


def test_folders_may_be_nested_deeper_than_pythons_stack(tmp_path: Path) -> None:
    folder = str(tmp_path)
    for _ in range(1200):
        folder += "/d"
        os.mkdir(folder)
    Path(folder, "a.txt").write_text("x")
    assert find_files([str(tmp_path)]).files == (f"{folder}/a.txt",)
    # pytest itself could not clear this away: shutil.rmtree does recurse.
    subprocess.run(["rm", "-r", f"{tmp_path}/d"], check=True)


def test_a_name_that_is_no_unicode_is_found(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(path)).write_bytes(b"Title")
    assert find_files([str(tmp_path)]).files == (os.fsdecode(path),)
