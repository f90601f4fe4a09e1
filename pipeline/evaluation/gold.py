"""Gold sets: articles of which people said which belong to one story, one JSON object a line."""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
import zstandard


class MalformedGold(ValueError):
    """A gold set that cannot be scored; the message names the file, the line where there is one, and the remedy."""


@dataclass(frozen=True, slots=True)
class GoldArticle:
    """One article of a gold set."""

    raw: dict[str, Any]
    """The JSON object as it stands in the file; ``id`` is always there, and text."""
    label: str | None
    """``story_group`` where present, else ``story``; none if nobody labelled it: it is streamed, but not scored."""
    language: str | None
    """BCP 47 primary tag in lower case, if given."""

    @property
    def id(self) -> str:
        return str(self.raw["id"])


class GoldSet(NamedTuple):
    """A named list of articles, in file order. An id may repeat (revisions): it is one article."""

    name: str
    articles: tuple[GoldArticle, ...]
    copies: tuple[tuple[str, str], ...] | None = None
    """Pairs of ids of articles that share most of their words; none if nobody compared them."""


COPY_JACCARD = 0.5
"""Least exact Jaccard similarity of the shingles of three words of two articles of which one copies the other."""


def set_name(path: Path) -> str:
    """Name a gold set after its file, up to the first dot.

    Examples
    --------
    >>> set_name(Path("data/ecbplus.dev.jsonl.xz"))
    'ecbplus'
    """
    return path.name.split(".", maxsplit=1)[0]


def read_gold_sets(paths: Iterable[Path]) -> list[GoldSet]:
    """Read several gold sets; two of one name are refused before either is read.

    Raises
    ------
    MalformedGold
        If two files share a name up to the first dot, or for what `read_gold` refuses.
    OSError
        If a file cannot be opened.
    """
    by_name: dict[str, Path] = {}
    for path in paths:
        first = by_name.setdefault(set_name(path), path)
        if first is not path:
            raise MalformedGold(
                f"{first} and {path} are both named {set_name(path)!r}, so their figures could not be told apart: "
                "rename one (a set's name is its file's, up to the first dot), or give each file once"
            )
    return [read_gold(path) for path in by_name.values()]


def read_gold(path: Path) -> GoldSet:
    """Read one gold set.

    Parameters
    ----------
    path
        A ``.jsonl`` file, plain or compressed (``.gz``, ``.xz``, ``.zst``). Blank lines are skipped. An article without
        ``id`` gets ``<set name>:<line>``, so that its story can be asked for. If a file ``<set name>.jaccard3.jsonl``
        lies beside it, that says how alike the articles of a pair are: lines with ``a``, ``b`` and ``jaccard3``.

    Raises
    ------
    MalformedGold
        If a line is no article, one id carries two labels, no article has a label, the file is empty, damaged, or of a
        type that is not read.
    OSError
        If the file cannot be opened.
    """
    articles = []
    labelled: dict[str, tuple[str, int]] = {}
    for line_number, line in _read_lines(path):
        try:
            article = _parse(line, fallback_id=f"{set_name(path)}:{line_number}")
            _check_one_label(article, labelled, line_number)
        except ValueError as error:
            raise MalformedGold(f"{path}:{line_number}: {error}") from error
        articles.append(article)
    if not articles:
        raise MalformedGold(f"{path}: no article in it; a gold set holds one JSON object a line")
    if not labelled:
        raise MalformedGold(
            f"{path}: none of its {len(articles)} articles has a label, so there is nothing to score: "
            "put the story's name into the field 'story' of the articles that have one"
        )
    pairs = path.with_name(f"{set_name(path)}.jaccard3.jsonl")
    ids = {article.id for article in articles}
    return GoldSet(set_name(path), tuple(articles), _read_copies(pairs, ids) if pairs.exists() else None)


class _Pair(msgspec.Struct):
    a: str
    b: str
    jaccard3: float


def _read_copies(path: Path, ids: Set[str]) -> tuple[tuple[str, str], ...]:
    copies = []
    for line_number, line in _read_lines(path):
        try:
            pair = msgspec.json.decode(line, type=_Pair)
        except msgspec.DecodeError as error:
            raise MalformedGold(
                f"{path}:{line_number}: {error}; each line holds two ids 'a' and 'b', and the number 'jaccard3'"
            ) from error
        if stray := {pair.a, pair.b} - ids:
            raise MalformedGold(
                f"{path}:{line_number}: {min(stray)!r} is no article of the set: take the line away, or mend the id"
            )
        if pair.jaccard3 >= COPY_JACCARD:
            copies.append((pair.a, pair.b))
    return tuple(copies)


def _parse(line: bytes, *, fallback_id: str) -> GoldArticle:
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error}): each line holds one JSON object") from error
    if not isinstance(raw, dict):
        raise ValueError(f"holds a {type(raw).__name__}, not a JSON object: each line holds one article")
    raw["id"] = _text(raw, "id") or fallback_id
    language = _text(raw, "language") or _text(raw, "lang")
    return GoldArticle(
        raw,
        label=_text(raw, "story_group") or _text(raw, "story"),
        language=language and language.replace("_", "-").split("-", maxsplit=1)[0].lower(),
    )


def _text(raw: dict[str, Any], name: str) -> str | None:
    """Take a field as text; a whole number is written out, and an empty text is none."""
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name!r} is {value!r}: it must be text, or null where there is none")
    return value or None


def _check_one_label(article: GoldArticle, labelled: dict[str, tuple[str, int]], line_number: int) -> None:
    if article.label is None:
        return
    label, first_line = labelled.setdefault(article.id, (article.label, line_number))
    if label != article.label:
        raise ValueError(
            f"article {article.id!r} is labelled {article.label!r}, but {label!r} on line {first_line}: "
            "revisions of an article share its label, and different articles need different ids"
        )


def _read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield line numbers, from 1, and the lines that are not blank."""
    opener = _OPENERS.get("".join(path.suffixes[-2:])) or _OPENERS.get(path.suffix)
    if opener is None:
        raise MalformedGold(f"{path}: not a type of file that is read; give one that ends in {', '.join(_OPENERS)}")
    try:
        with opener(path) as file:
            for line_number, line in enumerate(file, start=1):
                if line.strip():
                    yield line_number, line
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise MalformedGold(f"{path}: damaged or cut short ({error}): fetch or compress it again") from error


def _open_zst(path: Path) -> io.BytesIO:
    # Frame by frame, since the library's own reader takes a file that was cut short for one that ends there.
    compressed, content = path.read_bytes(), []
    while compressed:
        frame = zstandard.ZstdDecompressor().decompressobj()
        content.append(frame.decompress(compressed))
        if not frame.eof:
            raise EOFError("its last frame does not end")
        compressed = frame.unused_data
    return io.BytesIO(b"".join(content))


_OPENERS: dict[str, Callable[[Path], io.BufferedIOBase]] = {
    ".jsonl": lambda path: path.open("rb"),
    ".jsonl.gz": gzip.GzipFile,
    ".jsonl.xz": lzma.LZMAFile,
    ".jsonl.zst": _open_zst,
}
