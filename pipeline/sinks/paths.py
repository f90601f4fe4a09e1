"""Output paths, checked before any work is done: a run of hours must not end in "permission denied"."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


class OutputRefused(ValueError):
    """An output cannot be written where it was asked for."""


def check_outputs(paths: Sequence[str]) -> None:
    """Make the outputs' folders and see that files can be written there.

    Raises
    ------
    OutputRefused
        If two outputs are one file, one is a folder, or its folder cannot be made or written; with the remedy.
    """
    for place, path in enumerate(paths):
        if not path:
            raise OutputRefused("an output has an empty name: name a file")
        if any(same_file(path, earlier) for earlier in paths[:place]):
            raise OutputRefused(f"two outputs go to {path!r}: give each a file of its own")
        if os.path.isdir(path):
            raise OutputRefused(f"output {path!r} is a folder: name a file in it")
        folder = Path(path).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputRefused(f"the folder of output {path!r} cannot be made: {error.strerror}") from error
        if not is_special(path):
            _try_to_write(Path(os.path.realpath(path)).parent, path)


def _try_to_write(folder: Path, path: str) -> None:
    # Asking for the rights is not enough: some file systems refuse all the same.
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".wirewatch-"):
            pass
    except OSError as error:
        raise OutputRefused(
            f"the folder of output {path!r} cannot be written to: {error.strerror}; choose another, or mend its rights"
        ) from error


def is_special(path: str) -> bool:
    """Whether a path names a device, a pipe or a socket: such a one is written to, never replaced."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def check_not_read(outputs: Sequence[str], files: Sequence[str]) -> None:
    """See that no output overwrites a file that the run is to read.

    Raises
    ------
    OutputRefused
        Naming the file and the remedy.
    """
    read = {os.path.realpath(path) for path in files}
    for path in outputs:
        if os.path.realpath(path) in read:
            raise OutputRefused(
                f"output {path!r} is among the files to read, and would be overwritten: write it outside the sources, "
                "or delete it first if it is the output of an earlier run"
            )


def same_file(first: str, second: str) -> bool:
    """Whether two paths name one file, existing or not."""
    return os.path.realpath(first) == os.path.realpath(second)
