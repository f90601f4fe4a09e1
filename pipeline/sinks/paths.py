"""Output paths, checked before any work is done: a run of hours must not end in "permission denied"."""

import os
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
        if any(same_file(path, earlier) for earlier in paths[:place]):
            raise OutputRefused(f"two outputs go to {path!r}: give each a file of its own")
        if os.path.isdir(path):
            raise OutputRefused(f"output {path!r} is a folder: name a file in it")
        folder = Path(path).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputRefused(f"the folder of output {path!r} cannot be made: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputRefused(f"the folder of output {path!r} cannot be written to: choose another, or its rights")


def same_file(first: str, second: str) -> bool:
    """Whether two paths name one file, existing or not."""
    return os.path.realpath(first) == os.path.realpath(second)
