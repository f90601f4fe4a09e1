"""The inner loops of detection, compiled; `pipeline.detection.plain` says what each is for."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.packing import Vector

_Letters = tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]

def unit(ids: NDArray[np.uint32], weights: NDArray[np.float64], out: Vector) -> int: ...
def dots(vector: Vector, others: Sequence[Vector]) -> list[float]: ...
def products(vector: Vector, other: Vector, out: NDArray[np.float64]) -> None: ...
def add(first: Vector, second: Vector, out: Vector) -> int: ...
def subtract(first: Vector, second: Vector, out: Vector) -> int: ...
def counts(counted: Mapping[str, int], stems: Sequence[str], found: NDArray[np.float64]) -> None: ...
def idf(
    counted: NDArray[np.float64],
    backgrounds: NDArray[np.float32],
    out: NDArray[np.float64],
    prior: float,
    num_reports: float,
    exponent: float,
) -> None: ...
def elements(
    ids: NDArray[np.uint32], weights: NDArray[np.float32], backgrounds: NDArray[np.float32], out: NDArray[np.uint32]
) -> int: ...

class Words:
    def __init__(
        self,
        letters: _Letters,
        least_shares: NDArray[np.float64],
        known: dict[str, float] | None,
        cut: Callable[[str], Sequence[str]],
        describe: Callable[[str], tuple[int, str, float]],
    ) -> None: ...
    def __len__(self) -> int: ...
    def read(self, text: str) -> bytes: ...
    def forms(self, numbers: bytes) -> list[str]: ...
    def hashes(self, numbers: bytes, out: NDArray[np.uint32]) -> None: ...
    def salient(
        self,
        title: bytes,
        text: bytes,
        settings: NDArray[np.float64],
        fading: NDArray[np.float64],
        weights: NDArray[np.float32],
        backgrounds: NDArray[np.float32],
    ) -> tuple[str, ...]: ...

def term_ids(
    forms: tuple[str, ...], letters: _Letters, slow: Callable[[str], int], ids: NDArray[np.uint32]
) -> None: ...
def capital_runs(text: str, classes: NDArray[np.uint16], slow: Callable[[str], list[str]]) -> list[str]: ...
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
