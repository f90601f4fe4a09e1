"""Tables of figures in Markdown, and the pages of the documentation that hold them."""

from collections.abc import Iterable
from pathlib import Path


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def heading(*names: str) -> str:
    return f"{row(*names)}\n{row(*['---'] * len(names))}"


def bold(text: str) -> str:
    return f"**{text}**"


def put_into(page: Path, name: str, lines: Iterable[str]) -> None:
    """Put lines where a page has ``<!-- begin NAME -->`` and ``<!-- end NAME -->``, in place of what stands between.

    Raises
    ------
    ValueError
        If the page has no such place.
    """
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, begun, rest = page.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise ValueError(f"{page}: no place for the figures: write {begin.strip()!r} and {end!r} where they go")
    page.write_text("".join([before, begin, *(f"{line}\n" for line in lines), end, after]), "utf-8")
