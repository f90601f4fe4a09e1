"""The live articles: what is remembered of each until the horizon takes it."""

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.config import DetectionConfig
from pipeline.detection.codec import copy_signature, decode_sketch, encode_sketch
from pipeline.detection.kernels import kernels
from pipeline.detection.minhash import EMPTY, similarities
from pipeline.detection.sketch import Sketch, copy_keys, story_keys
from pipeline.detection.spool import Spool
from pipeline.records import Role

_OF_NO_WORD = EMPTY.astype(np.uint8)
"""Every value of the copy signature of an article without a word."""


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A sketch as it is spooled, behind what is asked for when it is let go: that comes to each article once."""

    article_id: str
    ids: bytes
    encoded: bytes


_ENTRY = msgspec.msgpack.Decoder(_Entry)


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A live article: where its sketch lies, which story it is in, and whether report or copy."""

    number: int
    spool: Spool
    place: int
    story_id: str
    """When it was placed; its micro-cluster may have gone over to another since."""
    micro_id: str
    role: Role

    @property
    def encoded(self) -> bytes:
        """Its sketch, as `encode_sketch` writes it."""
        return _ENTRY.decode(self.spool.read(self.place)).encoded

    def sketch(self) -> Sketch:
        return decode_sketch(self.encoded)


class Keys:
    """The buckets of an article, worked out when first asked for."""

    def __init__(self, sketch: Sketch, config: DetectionConfig) -> None:
        self.sketch = sketch
        self._config = config

    @cached_property
    def copies(self) -> NDArray[np.uint32]:
        return copy_keys(self.sketch, self._config.copies)

    @cached_property
    def stories(self) -> NDArray[np.uint32]:
        return story_keys(self.sketch, self._config.stories)

    def prepare(self) -> None:
        """Work both out now."""
        _ = self.copies, self.stories


class Archive:
    """Remembers the articles of the horizon and finds those that resemble a new one.

    Articles are numbered as they come, from `first`; generations of them are forgotten together.
    """

    index_type = kernels.BucketIndex
    """What finds articles by their buckets; benchmarks put others in its place."""

    def __init__(self, config: DetectionConfig, spool: Spool, first: int = 0) -> None:
        self._config = config
        self._copies = self.index_type(config.copies.bands, config.index_depth, first)
        self._reports = self.index_type(config.stories.bands, config.index_depth, first)
        self._spool = spool
        self._first = first
        # Of each live article what makes a `Kept`, from old to new: an object for each would take four times as much.
        self._places = array("q")
        self._story_ids: list[str] = []
        self._micro_ids: list[str] = []
        self._roles: list[Role] = []
        self._number_of: dict[str, int] = {}
        self._taken_down: set[int] = set()
        self._generations: deque[tuple[int, int]] = deque()
        """Generation and the number of its first article, for each that has articles."""
        self._latest: Keys | None = None

    def __len__(self) -> int:
        return len(self._places)

    @property
    def next_number(self) -> int:
        return self._first + len(self)

    def __iter__(self) -> Iterator[tuple[int, Kept, bool]]:
        """Go through the live articles from old to new: generation, article, and whether it was taken down."""
        starts = deque(self._generations)
        generation = 0
        for number in range(self._first, self.next_number):
            while starts and starts[0][1] <= number:
                generation = starts.popleft()[0]
            yield generation, self._kept(number), number in self._taken_down

    def add(self, sketch: Sketch, story_id: str, micro_id: str, role: Role, generation: int) -> int:
        """Remember an article and give its number. An earlier one of the same id is no longer found by id."""
        number = self.next_number
        if not self._generations or self._generations[-1][0] < generation:
            self._generations.append((generation, number))
        keys = self._keys(sketch)
        self._copies.add(keys.copies)
        if role is Role.COPY:
            # A much-copied text would push all else out of its buckets; the report it copies stands for it.
            self._reports.skip()
        else:
            self._reports.add(keys.stories)
        entry = _Entry(sketch.article_id, sketch.ids.tobytes(), encode_sketch(sketch))
        self._places.append(self._spool.add(msgspec.msgpack.encode(entry)))
        self._story_ids.append(story_id)
        self._micro_ids.append(micro_id)
        self._roles.append(role)
        self._number_of[sketch.article_id] = number
        return number

    def get(self, number: int) -> Kept | None:
        """Give a live article by its number."""
        return self._kept(number) if self._first <= number < self.next_number else None

    def _kept(self, number: int) -> Kept:
        row = number - self._first
        where = self._spool, self._places[row], self._story_ids[row], self._micro_ids[row]
        return Kept(number, *where, self._roles[row])

    def by_id(self, article_id: str) -> Kept | None:
        """Give the newest live article of an id, unless it was taken down."""
        number = self._number_of.get(article_id)
        return None if number is None else self.get(number)

    def current(self, kept: Kept) -> Sketch | None:
        """Give the sketch of a live article that was neither revised nor taken down since."""
        sketch = kept.sketch()
        return sketch if self._number_of.get(sketch.article_id) == kept.number else None

    def take_down(self, article_id: str) -> None:
        """Treat the next article of this id as new, and nothing as a copy of this one."""
        number = self._number_of.pop(article_id, None)
        if number is not None:
            self._taken_down.add(number)

    def forget(self, oldest_generation: int, most: int, on_gone: Callable[[Role, NDArray[np.uint32]], None]) -> int:
        """Let go of generations before `oldest_generation`, and of the oldest articles beyond `most`.

        Calls `on_gone` with what each was kept as and the ids of its terms, from old to new: one by one, since
        together a generation's would take as much memory as all that is remembered. Gives how many went before
        their horizon.
        """
        while self._generations and self._generations[0][0] < oldest_generation:
            self._generations.popleft()
        end = self.next_number
        by_age = self._generations[0][1] if self._generations else end
        bound = max(by_age, end - most)
        for number in range(self._first, bound):
            on_gone(*self._let_go(number))
        self._taken_down = {number for number in self._taken_down if number >= bound}
        num_early = bound - max(by_age, self._first)
        for column in (self._places, self._story_ids, self._micro_ids, self._roles):
            del column[: bound - self._first]
        self._first = bound
        oldest = self.get(bound)
        if oldest is not None:
            self._spool.forget_before(oldest.place)
        self._copies.forget_before(bound)
        self._reports.forget_before(bound)
        return num_early

    def _let_go(self, number: int) -> tuple[Role, NDArray[np.uint32]]:
        row = number - self._first
        entry = _ENTRY.decode(self._spool.read(self._places[row]))
        if self._number_of.get(entry.article_id) == number:
            del self._number_of[entry.article_id]
        return self._roles[row], np.frombuffer(entry.ids, np.uint32)

    def resembling(self, sketch: Sketch) -> set[str]:
        """Name the micro-clusters of live reports that may be of the same story."""
        found = self._reports.find(self._keys(sketch).stories, self._config.max_candidates)
        return {self._micro_ids[number - self._first] for number in found}

    def expect(self, keys: Keys) -> None:
        """Take what was worked out ahead for the article that comes next."""
        self._latest = keys

    def _keys(self, sketch: Sketch) -> Keys:
        # An article is looked up and then added: its buckets are worked out once.
        if self._latest is None or self._latest.sketch is not sketch:
            self._latest = Keys(sketch, self._config)
        return self._latest

    def copied(self, sketch: Sketch) -> tuple[float, Kept] | None:
        """Find the live article whose shingles are most like the sketch's, if like enough; the oldest of equals."""
        if sketch.copy_signature[0] == _OF_NO_WORD and sketch.copy_signature.min() == _OF_NO_WORD:
            # Without a word there is nothing to copy.
            return None
        found = self._copies.find(self._keys(sketch).copies, self._config.max_candidates)
        numbers = [number for number in found if number not in self._taken_down]
        if not numbers:
            return None
        signatures = [copy_signature(self._kept(number).encoded, sketch.copy_signature.size) for number in numbers]
        likenesses = similarities(np.array(signatures), sketch.copy_signature)
        best = likenesses.argmax()
        if likenesses[best] < self._config.copies.threshold:
            return None
        return float(likenesses[best]), self._kept(numbers[int(best)])
