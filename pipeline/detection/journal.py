"""The journal: keeps a detector and its durable state in step, so that the detector can be rebuilt at any moment.

What is kept (`Stores`), for one key:

- **bags**, append-only: every article as it arrived, and every tick as it was decided. One bag for each generation that
  can be alive, used in turn; one more for articles of the far future (a bounded replay is all future when it begins).
- **core**: stories and term counts as they stood when the current generation began, in pieces.
- **cell**: a few numbers, and a digest of every change in order. Whoever holds a detector in memory compares cells
  to know whether it still mirrors what is stored.

A rebuild takes the core, makes the articles of older generations findable again, and repeats the recorded decisions of
the current generation. It decides nothing anew: what was told to the world stays so, whatever the program has become.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import msgspec

from pipeline.config import DetectionConfig
from pipeline.detection.codec import decode, decode_raw, encode
from pipeline.detection.cores import core_of, pieces_of
from pipeline.detection.detector import Detector, Earlier, Outcome, Recorded
from pipeline.detection.fingerprint import Rules, check_shape, shape_of
from pipeline.detection.placing import Placement
from pipeline.detection.sketch import Sketch
from pipeline.detection.spool import MemorySpool, Spool
from pipeline.records import Move, StoryEvent

NUM_GENERATION_BAGS = 5
"""Three generations make a horizon; one more is still partly within it, and one may be waiting ahead."""

NUM_BAGS = NUM_GENERATION_BAGS + 1
_FAR = NUM_GENERATION_BAGS


class Bag(Protocol):
    """An append-only multiset of byte strings; reading gives them in any order."""

    def read(self) -> Iterable[bytes]: ...

    def add(self, element: bytes) -> None: ...

    def clear(self) -> None: ...


class Value(Protocol):
    """A byte string, or none."""

    def read(self) -> bytes | None: ...

    def write(self, value: bytes) -> None: ...

    def clear(self) -> None: ...


class Stores(NamedTuple):
    """The durable state of one key. Beam's state cells fit as they are."""

    bags: Sequence[Bag]
    core: Bag
    cell: Value

    def clear(self) -> None:
        for bag in self.bags:
            bag.clear()
        self.core.clear()
        self.cell.clear()


class _Arrived(msgspec.Struct, frozen=True, array_like=True, tag=True):
    number: int
    sketch: Sketch


class _Decided(msgspec.Struct, frozen=True, array_like=True, tag=True):
    order: int
    tick: int
    numbers: list[int]
    placements: list[Placement]
    moves: dict[str, list[Move]]


class _Stored(msgspec.Struct, frozen=True, array_like=True, tag="_Arrived", gc=False):
    """An `_Arrived` that was read, but for its sketch."""

    number: int
    sketch: msgspec.Raw

    def read(self) -> Sketch:
        return decode_raw(self.sketch, Sketch)


_Entry: Any = _Stored | _Decided


class _Cell(msgspec.Struct, array_like=True):
    generation: int | None = None
    """Of the last tick decided."""
    num_far: int = 0
    """Entries in the bag of the far future."""
    count: int = 0
    """Articles and decisions so far; numbers the next one."""
    far_until: int | None = None
    """Generation after which the bag of the far future holds nothing more that lives."""
    chain: bytes = b""
    shape: bytes = b""
    """Digest of the configuration that the state depends on."""
    rules: Rules | None = None
    """By which the decisions since the core were told."""
    core_order: int = 0
    """Number of the first decision that the core does not hold."""


class Journal:
    """A detector that writes down what happens to it.

    Every method that changes something takes the stores and leaves them in step with the detector, if it returns. If
    it raises, the journal object must be thrown away and loaded again.
    """

    def __init__(self, config: DetectionConfig, make_spool: Callable[[], Spool] = MemorySpool) -> None:
        self.detector = Detector(config, make_spool)
        self._cell = _Cell(shape=shape_of(config), rules=Rules.of(config))
        self._numbers: dict[int, int] = {}
        """Number of each waiting article, by the identity of its sketch."""

    @classmethod
    def load(cls, config: DetectionConfig, stores: Stores, make_spool: Callable[[], Spool] = MemorySpool) -> "Journal":
        """Rebuild the journal from what is stored.

        Raises
        ------
        pipeline.detection.fingerprint.OtherDetection
            If it was stored under a configuration of another shape.
        """
        encoded = stores.cell.read()
        if encoded is None:
            return cls(config, make_spool)
        cell = decode(encoded, _Cell)
        check_shape(cell.shape, config)
        rules = Rules.of(config)
        # What was told was told by the rules of then: under others a rebuild would find other events told.
        cell.shape, cell.rules = shape_of(config), cell.rules or rules
        journal = cls(cell.rules.applied(config), make_spool)
        journal._cell = cell
        journal._rebuild(stores)
        if cell.rules != rules:
            journal._change_rules(rules, stores)
            return cls.load(config, stores, make_spool)
        return journal

    def mirrors(self, stores: Stores) -> bool:
        """Whether this object still stands where the stores do."""
        return stores.cell.read() == (encode(self._cell) if self._cell.count else None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return self._cell.count == 0

    def observe(self, sketch: Sketch, stores: Stores) -> int:
        """Write down an article and let it wait; gives the tick in which it will be decided."""
        if id(sketch) in self._numbers:
            sketch = copy(sketch)
        tick = self.detector.observe(sketch)
        number = self._cell.count
        self._numbers[id(sketch)] = number
        self._write(self._bag_for(tick), _Arrived(number, sketch), stores)
        self._cell.count += 1
        self._save(stores)
        return tick

    def advance(self, watermark: int, stores: Stores) -> Iterator[Outcome]:
        """Decide every tick that ends at or before the watermark, writing each down before it is given out."""
        while (tick := self.detector.next_tick()) is not None and tick <= watermark:
            self._enter_generation(tick, stores)
            outcome = self.detector.decide(tick)
            numbers = [self._numbers.pop(id(sketch)) for sketch, _ in outcome.placed]
            placements = [placement for _, placement in outcome.placed]
            bag = self.detector.ticks.generation(tick) % NUM_GENERATION_BAGS
            self._write(bag, _Decided(self._cell.count, tick, numbers, placements, outcome.moves), stores)
            self._cell.count += 1
            self._save(stores)
            yield outcome

    def expire(self, moment: int, stores: Stores) -> None:
        """Drop every stored article if, at `moment`, none is within the horizon and none waits; stories stay."""
        generation = self._cell.generation
        if generation is None or self.detector.next_tick() is not None:
            return
        if self.detector.ticks.oldest_live_generation(moment) <= generation:
            return
        self.detector.forget(moment)
        self._store_core(stores)
        for bag in stores.bags:
            bag.clear()
        self._forget_far()
        self._save(stores)

    def drain(self) -> Iterator[Outcome]:
        """Decide all that waits, since the input ended; nothing is written, and the stores must be cleared."""
        while (tick := self.detector.next_tick()) is not None:
            yield self.detector.decide(tick)

    def close_all(self) -> list[StoryEvent]:
        """Close every open story; nothing is written, since this ends a bounded input."""
        return self.detector.close_all()

    def _change_rules(self, rules: Rules, stores: Stores) -> None:
        """Put all that was told by the old rules into the core, so that no rebuild has to tell it again."""
        self._store_core(stores)
        self._cell.rules = rules
        self._save(stores)

    def _bag_for(self, tick: int) -> int:
        generation = self.detector.ticks.generation(tick)
        current = self._cell.generation
        if current is not None and generation <= current + 1:
            return generation % NUM_GENERATION_BAGS
        self._cell.far_until = max(generation, self._cell.far_until if self._cell.far_until is not None else generation)
        self._cell.num_far += 1
        return _FAR

    def _enter_generation(self, tick: int, stores: Stores) -> None:
        generation, previous = self.detector.ticks.generation(tick), self._cell.generation
        if previous is not None and generation <= previous:
            return
        # What died is forgotten before the core is written: a rebuild finds it neither there nor in the bags.
        self.detector.forget(tick)
        self._store_core(stores)
        oldest = self.detector.ticks.oldest_live_generation(tick)
        if previous is not None:
            for dead in range(previous - NUM_GENERATION_BAGS + 2, min(oldest, previous + 1)):
                stores.bags[dead % NUM_GENERATION_BAGS].clear()
        far_until = self._cell.far_until
        if far_until is not None and far_until < oldest:
            stores.bags[_FAR].clear()
            self._forget_far()
        self._cell.generation = generation
        if self._cell.num_far > 2 * len(self._numbers):
            self._sort_far(stores, oldest)

    def _sort_far(self, stores: Stores, oldest: int) -> None:
        """Move what has come near from the bag of the far future to its own, and leave out what is dead."""
        # At least half of the bag leaves it, so that over a replay each article is moved once or twice.
        entries: list[Any] = sorted((decode(encoded, _Entry) for encoded in stores.bags[_FAR].read()), key=_number_of)
        stores.bags[_FAR].clear()
        self._forget_far()
        for entry in entries:
            tick = self.detector.ticks.end_of(entry.read().observed_at)
            if self.detector.ticks.generation(tick) >= oldest:
                self._write(self._bag_for(tick), entry, stores)

    def _forget_far(self) -> None:
        self._cell.far_until, self._cell.num_far = None, 0

    def _store_core(self, stores: Stores) -> None:
        stores.core.clear()
        for piece in pieces_of(self.detector.core()):
            stores.core.add(piece)
            self._link(piece)
        self._cell.core_order = self._cell.count

    def _write(self, bag: int, entry: _Arrived | _Stored | _Decided, stores: Stores) -> None:
        encoded = encode(entry)
        stores.bags[bag].add(encoded)
        self._link(encoded)

    def _link(self, change: bytes) -> None:
        self._cell.chain = blake2b(self._cell.chain + change, digest_size=16).digest()

    def _save(self, stores: Stores) -> None:
        stores.cell.write(encode(self._cell))

    def _rebuild(self, stores: Stores) -> None:
        arrived, decided = _read_entries(stores.bags[:_FAR])
        far, _ = _read_entries(stores.bags[_FAR:])
        arrived |= far
        generation_of = self.detector.ticks.generation
        earlier: list[Earlier] = []
        current: list[tuple[_Decided, list[_Stored]]] = []
        for entry in sorted(decided, key=lambda entry: entry.order):
            stored = [arrived.pop(number) for number in entry.numbers]
            generation = generation_of(entry.tick)
            if generation == self._cell.generation and entry.order >= self._cell.core_order:
                current.append((entry, stored))
            else:
                placed = zip(entry.placements, stored, strict=True)
                earlier += [Earlier(generation, placement, one.read) for placement, one in placed]
        self.detector.restore_core(core_of(stores.core.read()), earlier)
        for entry, stored in current:
            sketches = [one.read() for one in stored]
            self.detector.repeat(entry.tick, sketches, Recorded(entry.placements, entry.moves))
        for number, waiting in sorted(arrived.items()):
            sketch = waiting.read()
            # What came from the far future was not late. If it is now, it was decided in a generation that died.
            if number not in far or not self.detector.is_late(sketch):
                self._numbers[id(sketch)] = number
                self.detector.observe(sketch)


def _read_entries(bags: Sequence[Bag]) -> tuple[dict[int, _Stored], list[_Decided]]:
    arrived: dict[int, _Stored] = {}
    decided: list[_Decided] = []
    for bag in bags:
        for encoded in bag.read():
            entry: Any = decode(encoded, _Entry)
            if isinstance(entry, _Stored):
                arrived[entry.number] = entry
            else:
                decided.append(entry)
    return arrived, decided


def _number_of(entry: _Stored) -> int:
    return entry.number
