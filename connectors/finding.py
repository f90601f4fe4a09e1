"""From what a user names on the command line to the files that are read."""

import fnmatch
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.formats import format_of


class SourceNotFound(ValueError):
    """A source names nothing: a slip on the command line, to be mended before anything is read."""


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """What the sources hold."""

    files: tuple[str, ...]
    """Paths to read, each file once: in the order of the sources, and within a source by name."""
    skipped: tuple[str, ...]
    """Paths met in folders and left alone: a suffix that is not read, or no regular file. Hidden ones are left out."""


def find_files(sources: Sequence[str]) -> FoundFiles:
    """Expand files, folders and globs into the files to read.

    Parameters
    ----------
    sources
        Paths of files (taken as they are, whatever their suffix), of folders (searched to any depth, links to folders
        included, for files with a suffix of `connectors.formats`), or globs, where ``**`` stands for any number of
        folders. A path that exists is never read as a glob.

    Returns
    -------
    FoundFiles
        A folder below a source that may not be entered is among the files: reading it leaves a dead letter.

    Raises
    ------
    SourceNotFound
        If a source does not exist or a glob matches nothing; the message names it.
    """
    files: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for source in sources:
        for entry, is_wanted in _expand(source):
            (files if is_wanted else skipped).setdefault(entry.real, entry.path)
    return FoundFiles(tuple(files.values()), tuple(path for real, path in skipped.items() if real not in files))


class _Entry(NamedTuple):
    """Something that is no folder, or a folder that may not be entered."""

    path: str
    real: str
    """The path with all links followed: the same for all ways to one file."""


def _expand(source: str) -> Iterator[tuple[_Entry, bool]]:
    """Yield what one source holds, each with whether it is to be read."""
    if os.path.exists(source):
        yield from _expand_existing(source)
        return
    if not glob.has_magic(source):
        raise SourceNotFound(f"there is no file or folder {source!r}; check the spelling and who may read it")
    found = sorted(_match(source))
    if not found:
        raise SourceNotFound(f"nothing matches {source!r}; check the pattern, and quote it against the shell")
    for path in found:
        yield from _expand_existing(path)


def _expand_existing(path: str) -> Iterator[tuple[_Entry, bool]]:
    if not os.path.isdir(path):
        yield _Entry(path, os.path.realpath(path)), True
        return
    for entry in _walk(path):
        yield entry, _is_wanted(entry.path)


def _match(pattern: str) -> Iterator[str]:
    """Find the paths that match a glob.

    Only what stands before the first ``**`` is left to `glob`, whose own ``**`` runs round in circles of links, in
    time that doubles with every step.
    """
    parts = pattern.split(os.sep)
    if "**" not in parts:
        yield from glob.glob(pattern)
        return
    at = parts.index("**")
    top = os.sep.join([*parts[:at], ""])
    wanted = [part for part in parts[at:] if part]
    for folder in glob.glob(top) if top else [""]:
        for entry in _walk(folder or os.curdir):
            relative = os.path.relpath(entry.path, folder or os.curdir)
            if _matches(relative.split(os.sep), wanted):
                yield os.path.join(folder, relative)


def _matches(parts: list[str], pattern: list[str]) -> bool:
    """Tell whether a glob matches a path, or a folder on the way to it."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(parts[skip:], pattern[1:]) for skip in range(len(parts)))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _walk(folder: str) -> Iterator[_Entry]:
    """Yield all that is no folder at any depth, sorted by name folder by folder, hidden names left out.

    Links to folders are followed, but no folder is entered twice. One that may not be entered is yielded itself.
    """
    seen: set[str] = set()
    # A stack, not recursion: folders may be nested deeper than Python's stack. Only links are resolved: it is slow.
    waiting = [(_Entry(folder, os.path.realpath(folder)), True)]
    while waiting:
        entry, is_folder = waiting.pop()
        if not is_folder:
            yield entry
        elif entry.real not in seen:
            seen.add(entry.real)
            try:
                waiting.extend(_children(entry))
            except OSError:
                yield entry


def _children(folder: _Entry) -> list[tuple[_Entry, bool]]:
    """List a folder, the last name first, each name with whether it is a folder."""
    with os.scandir(folder.path) as listing:
        entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda e: e.name, reverse=True)
    children = []
    for entry in entries:
        if entry.is_symlink():  # `entry.is_dir()` raises for a link to itself
            children.append((_Entry(entry.path, os.path.realpath(entry.path)), os.path.isdir(entry.path)))
        else:
            children.append((_Entry(entry.path, os.path.join(folder.real, entry.name)), entry.is_dir()))
    return children


def _is_wanted(path: str) -> bool:
    """Whether something met in a folder is to be read; what is no file by then gets a dead letter that says so."""
    # A folder gets here only when it may not be entered.
    return format_of(path) is not None or os.path.isdir(path)
