"""From what a user names on the command line to the files that are read."""

import fnmatch
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.formats import format_of


class SourceNotFound(ValueError):  # noqa: N818 - named for the state of things, as `MalformedArticle` is
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
        for path, is_wanted in _expand(source):
            (files if is_wanted else skipped).setdefault(os.path.realpath(path), path)
    return FoundFiles(tuple(files.values()), tuple(path for real, path in skipped.items() if real not in files))


def _expand(source: str) -> Iterator[tuple[str, bool]]:
    """Yield the paths of one source, each with whether it is to be read."""
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


def _expand_existing(path: str) -> Iterator[tuple[str, bool]]:
    if not os.path.isdir(path):
        yield path, True
        return
    for found in walk(path):
        yield found, os.path.isdir(found) or (format_of(found) is not None and _is_regular(found))


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
    for folder in glob.glob(top) if top else [os.curdir]:
        for path in walk(folder):
            relative = os.path.relpath(path, folder)
            if _matches(relative.split(os.sep), wanted):
                yield os.path.join(folder, relative) if top else relative


def _matches(parts: list[str], pattern: list[str]) -> bool:
    """Tell whether a glob matches a path, or a folder on the way to it."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_matches(parts[skip:], pattern[1:]) for skip in range(len(parts)))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def walk(folder: str) -> Iterator[str]:
    """Yield the paths of all that is not a folder at any depth, sorted by name folder by folder, hidden names left out.

    Links to folders are followed, but no folder is entered twice. One that may not be entered is yielded itself.
    """
    seen: set[str] = set()
    waiting = [folder]  # a stack, not recursion: folders may be nested deeper than Python's stack
    while waiting:
        path = waiting.pop()
        if path != folder and not os.path.isdir(path):
            yield path
            continue
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            names = sorted((name for name in os.listdir(path) if not name.startswith(".")), reverse=True)
        except OSError:
            yield path
        else:
            waiting.extend(os.path.join(path, name) for name in names)


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
