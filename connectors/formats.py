"""Which files are read, and how: decided by the suffixes of the name, never by the content."""

import os
from collections.abc import Callable
from typing import NamedTuple

from connectors.arrays import JsonSplitter
from connectors.splitting import LineSplitter, Splitter, WholeSplitter
from pipeline.records import MediaType

COMPRESSIONS = (".gz", ".xz", ".zst")
"""Suffixes of compressed files, as they may follow any suffix of an article format."""


class FileFormat(NamedTuple):
    """How the articles in a file are told apart and what each of them is."""

    media_type: MediaType
    splitter: Callable[[int], Splitter]
    """Called with the greatest length of an article in bytes."""
    compression: str = ""
    """One of `COMPRESSIONS`, or empty."""


_FORMATS = {
    ".txt": FileFormat("text", WholeSplitter),
    ".html": FileFormat("html", WholeSplitter),
    ".htm": FileFormat("html", WholeSplitter),
    ".xhtml": FileFormat("html", WholeSplitter),
    ".json": FileFormat("json", JsonSplitter),
    ".jsonl": FileFormat("json", LineSplitter),
    ".ndjson": FileFormat("json", LineSplitter),
}

SUFFIXES = tuple(_FORMATS)
"""Suffixes of article formats."""


def format_of(path: str) -> FileFormat | None:
    """Look up the format of a file by its name, in upper or lower case; none when it is not one that is read."""
    stem, suffix = os.path.splitext(path.lower())
    compression = ""
    if suffix in COMPRESSIONS:
        compression = suffix
        suffix = os.path.splitext(stem)[1]
    known = _FORMATS.get(suffix)
    return known and known._replace(compression=compression)
