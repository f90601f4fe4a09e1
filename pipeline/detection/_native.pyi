"""The inner loops of detection, compiled; `pipeline.detection.plain` says what each is for."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.linkage import Numbers
from pipeline.detection.packing import Vector

def unit(ids: NDArray[np.uint32], weights: NDArray[np.float64], out: Vector) -> int: ...
def dots(vector: Vector, others: Sequence[Vector]) -> list[float]: ...
def sums_across(vectors: Sequence[Vector], out: NDArray[np.float64]) -> None: ...
def products(vector: Vector, other: Vector, out: NDArray[np.float64]) -> None: ...
def add(first: Vector, second: Vector, out: Vector) -> int: ...
def subtract(first: Vector, second: Vector, out: Vector) -> int: ...
def are_one(likeness: float, first: Numbers, second: Numbers, settings: NDArray[np.float64]) -> bool: ...
def partition(across: NDArray[np.float64], groups: Sequence[Numbers], settings: NDArray[np.float64]) -> list[int]: ...
def counts(counted: Mapping[str, int], stems: Sequence[str], found: NDArray[np.float64]) -> None: ...
def idf(
    counted: NDArray[np.float64],
    backgrounds: NDArray[np.float32],
    out: NDArray[np.float64],
    prior: float,
    num_reports: float,
    exponent: float,
) -> None: ...
def salient(
    title: NDArray[np.int64],
    text: NDArray[np.int64],
    table: NDArray[np.void],
    settings: NDArray[np.float64],
    fading: NDArray[np.float64],
    form_at: NDArray[np.uint32],
    stem_at: NDArray[np.uint32],
    weights: NDArray[np.float32],
    backgrounds: NDArray[np.float32],
    forms: list[str],
    stems: list[str],
) -> tuple[str, ...]: ...
def elements(
    ids: NDArray[np.uint32], weights: NDArray[np.float32], backgrounds: NDArray[np.float32], out: NDArray[np.uint32]
) -> int: ...

class Chunks:
    def read(self, chunks: Sequence[str], missing: Callable[[str], bytes]) -> bytes: ...
    def __len__(self) -> int: ...

def hash_words(words: Sequence[str | bytes], hashes: NDArray[np.uint32]) -> None: ...
def signature(
    elements: NDArray[np.uint32], factors: NDArray[np.uint32], offsets: NDArray[np.uint32], out: NDArray[np.uint32]
) -> None: ...
def shingles(values: NDArray[np.uint32], size: int, out: NDArray[np.uint32]) -> None: ...
def bucket_keys(values: NDArray[np.uint32], rows: int, out: NDArray[np.uint32]) -> None: ...
def enter(
    keys: NDArray[np.uint32],
    older: NDArray[np.int32],
    newest: NDArray[np.int32],
    entered: NDArray[np.uint32],
    link: int,
) -> None: ...
def find(
    keys: NDArray[np.uint32],
    older: NDArray[np.int32],
    newest: NDArray[np.int32],
    wanted: NDArray[np.uint32],
    first: int,
    origin: int,
    depth: int,
    most: int,
) -> list[int]: ...
