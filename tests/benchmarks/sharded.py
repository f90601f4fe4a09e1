"""What if one key is too little: the buckets of a language spread over processes by their bands, joined at the tick.

Usage: python -m tests.benchmarks.sharded [--articles N] [--characters N] [--shards N] DATA

DATA is a folder with ``throughput_mix.jsonl.xz``; its first articles are taken as if of one language. A tick's articles
are looked up by all shards at the same time, as the buckets stood before the tick. What articles of the same tick find
in each other is joined in while they are decided, one by one, since what an article turns out to be says whether it is
entered. Then the shards are told what to enter. Events must come out the same to the byte as from one process.
"""

import lzma
import multiprocessing
import time
from argparse import ArgumentParser
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from pipeline.config import DetectionConfig
from pipeline.detection.archive import Archive, Keys
from pipeline.detection.detector import Detector
from pipeline.detection.index import likeliest
from pipeline.detection.kernels import kernels
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.evaluation.report import plain_table
from tests.benchmarks.speed.core import parsed, raw_articles

KeysOfBands = NDArray[np.uint32]
Hits = dict[int, list[int]]
"""For each band in which a bucket is shared the articles in it, from new to old."""


def serve(connection: Connection, depth: int) -> None:
    """Be a shard: hold the buckets of some bands of both layers."""
    buckets: dict[tuple[str, int, int], deque[int]] = defaultdict(lambda: deque(maxlen=depth))
    while (asked := connection.recv()) is not None:
        layer, entered, wanted = asked
        for number, keys in entered:
            for band, key in keys:
                buckets[layer, band, key].appendleft(number)
        answers: list[Hits] = []
        for keys in wanted:
            found = ((band, buckets.get((layer, band, key))) for band, key in keys)
            answers.append({band: list(numbers) for band, numbers in found if numbers})
        connection.send(answers)


class Shards(NamedTuple):
    connections: list[Connection]

    def of(self, keys: KeysOfBands, shard: int) -> list[tuple[int, int]]:
        """Give the bands of a shard with an article's buckets in them."""
        bands = range(shard, keys.size, len(self.connections))
        return [(band, int(keys[band])) for band in bands]


@contextmanager
def running_shards(num_shards: int, depth: int) -> Iterator[Shards]:
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe() for _ in range(num_shards)]
    processes = [context.Process(target=serve, args=(theirs, depth), daemon=True) for _, theirs in pairs]
    for process in processes:
        process.start()
    try:
        yield Shards([ours for ours, _ in pairs])
    finally:
        for ours, _ in pairs:
            ours.send(None)
        for process in processes:
            process.join()


class JoinedIndex:
    """Does what a `BucketIndex` does, with the buckets elsewhere; told beforehand what a tick will look up."""

    def __init__(self, layer: str, shards: Shards, depth: int, first: int) -> None:
        self._layer, self._shards, self._depth = layer, shards, depth
        self._first = self._next = first
        self._entered: list[tuple[int, KeysOfBands]] = []
        """In this tick."""
        self._of_tick: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._answers: dict[bytes, Hits] = {}

    def look_ahead(self, wanted: Sequence[KeysOfBands]) -> None:
        """Tell the shards what the last tick entered, and have them look up what this one will ask for."""
        for shard, connection in enumerate(self._shards.connections):
            entered = [(number, self._shards.of(keys, shard)) for number, keys in self._entered]
            connection.send((self._layer, entered, [self._shards.of(keys, shard) for keys in wanted]))
        self._entered.clear()
        self._of_tick.clear()
        self._answers = {keys.tobytes(): {} for keys in wanted}
        for connection in self._shards.connections:
            for keys, hits in zip(wanted, connection.recv(), strict=True):
                self._answers[keys.tobytes()] |= hits

    def find(self, keys: KeysOfBands, most: int) -> list[int]:
        hits = self._answers[keys.tobytes()]
        found: list[int] = []
        for band, key in enumerate(keys.tolist()):
            new, old = self._of_tick.get((band, key), ()), hits.get(band, ())
            if new or old:
                found += [*reversed(new), *old][: self._depth]
        # A shard may still hold what was let go: it is older than all else in its bucket.
        return likeliest([number for number in found if number >= self._first], most)

    def add(self, keys: KeysOfBands) -> int:
        self._entered.append((self._next, keys))
        for band, key in enumerate(keys.tolist()):
            self._of_tick[band, key].append(self._next)
        return self.skip()

    def skip(self) -> int:
        self._next += 1
        return self._next - 1

    def forget_before(self, number: int) -> None:
        self._first = min(max(self._first, number), self._next)


def decide(sketches: Sequence[Sketch], config: DetectionConfig, shards: Shards | None) -> tuple[list[bytes], float]:
    """Decide all articles; gives the events and the CPU seconds of this process."""
    made: list[JoinedIndex] = []

    def make(num_bands: int, depth: int, first: int) -> JoinedIndex:
        assert shards is not None
        made.append(JoinedIndex(("copies", "reports")[len(made) % 2], shards, depth, first))
        return made[-1]

    events: list[bytes] = []
    with patch.object(Archive, "index_type", staticmethod(make) if shards else kernels.BucketIndex):
        detector = Detector(config)
        waiting: dict[int, list[Keys]] = defaultdict(list)
        for sketch in sketches:
            waiting[detector.observe(sketch)].append(Keys(sketch, config))
        start = time.process_time()
        for tick in sorted(waiting):
            if shards:
                copies, reports = made
                copies.look_ahead([keys.copies for keys in waiting[tick]])
                reports.look_ahead([keys.stories for keys in waiting[tick]])
            events += [event.to_json("urn:wirewatch") for event in detector.decide(tick).events]
    return events, time.process_time() - start


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--characters", type=int, help="cut each text after so many, as posts are")
    parser.add_argument("--shards", type=int, default=2)
    options = parser.parse_args()
    with lzma.open(options.data / "throughput_mix.jsonl.xz") as file:
        lines = [line.rstrip() for line in islice(file, options.articles)]
    config = DetectionConfig()
    articles = [replace(each, text=each.text[: options.characters]) for each in parsed(raw_articles(lines))]
    sketches = [msgspec.structs.replace(sketch_article(each, config), language="en") for each in articles]
    alone, seconds_alone = decide(sketches, config, None)
    with running_shards(options.shards, config.index_depth) as shards:
        joined, seconds_joined = decide(sketches, config, shards)
    assert joined == alone, "the shards changed what comes out"
    table = plain_table("deciding an article", "microseconds of the key's process")
    table.add_row("one index", f"{seconds_alone / len(sketches) * 1e6:,.0f}")
    table.add_row(f"{options.shards} shards by bands, joined", f"{seconds_joined / len(sketches) * 1e6:,.0f}")
    Console(width=120).print(table, f"{len(alone)} events, the same from both")


if __name__ == "__main__":
    main()
