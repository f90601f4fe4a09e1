from pathlib import Path

import pytest

from tests.benchmarks.documenting import heading, put_into, row

PAGE = """# Figures

<!-- begin first -->
old
<!-- end first -->
between
<!-- begin second -->
kept
<!-- end second -->
"""


def test_a_table_takes_the_place_of_the_one_of_its_name(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    put_into(page, "first", [heading("set", "F1"), row("harbours", "0.9")])

    assert page.read_text() == PAGE.replace("old", "| set | F1 |\n| --- | --- |\n| harbours | 0.9 |")


def test_the_place_may_be_empty(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- begin first -->\n<!-- end first -->")

    put_into(page, "first", ["one", "two"])

    assert page.read_text() == "<!-- begin first -->\none\ntwo\n<!-- end first -->"


def test_a_page_without_the_place_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    with pytest.raises(ValueError, match="begin third"):
        put_into(page, "third", ["lost"])

    assert page.read_text() == PAGE
