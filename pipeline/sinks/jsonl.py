"""One JSONL file, sorted, that is there whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipeline.sinks.paths import is_special

Line = tuple[Any, bytes]
"""What to sort by, and the line without its end."""


class WriteSortedJsonl(beam.PTransform):
    """Write ``(sort key, line)`` pairs of a bounded input to exactly one file.

    The lines are held in memory to be sorted: meant for what detection puts out, not for articles.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return (
            pcoll
            # A default for nothing: an empty result is an empty file, not a missing one.
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Write" >> beam.Map(_write, self._path)
        )


def _write(lines: list[Line], path: str) -> str:
    write_sorted(lines, path)
    return path


def write_sorted(lines: Iterable[Line], path: str | Path) -> None:
    """Sort lines and write them under a temporary name beside `path`, then rename.

    A link is followed. A device or pipe is written to as it is: renaming over ``/dev/stdout`` would replace it.
    """
    if is_special(str(path)):
        with open(path, "wb") as special:
            special.writelines(line + b"\n" for _, line in sorted(lines))
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(line + b"\n" for _, line in sorted(lines))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
