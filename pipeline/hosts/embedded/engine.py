"""From what was read to what is to be told, one SQLite transaction at a time. Knows no Kafka and no files."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pipeline.config import Config
from pipeline.detection.clock import from_micros
from pipeline.detection.detector import Outcome
from pipeline.detection.journal import Journal, Stores
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.hosts.embedded.inputs import Item
from pipeline.hosts.embedded.outbox import Outbox
from pipeline.hosts.embedded.state import State
from pipeline.hosts.embedded.stores import stores_of
from pipeline.hosts.embedded.watermark import Watermark
from pipeline.records import DeadLetter, MalformedArticle, Parse, RawArticle
from pipeline.spool import FileSpool

DECIDED_AT_ONCE = 500
"""Articles after which a transaction decides no further tick: it must stay short."""

_END_OF_TIME = 1 << 62


class Engine:
    """The journals of all languages, kept in step with the state file.

    Parameters
    ----------
    state
        The one truth.
    config
        The whole configuration.
    parse
        Turns raw bytes into an article.
    clock
        Seconds since 1970.
    """

    def __init__(self, state: State, config: Config, parse: Parse, clock: Callable[[], float]) -> None:
        self._state = state
        self._config = config
        self._parse = parse
        self._clock = clock
        self._outbox = Outbox(state)
        self.counts: Counter[str] = Counter()
        with state.transaction():  # new rules of emergence are taken over by all journals or by none
            self.reload()

    def reload(self) -> None:
        """Forget what is in memory and take what is stored."""
        archive = self._config.input.archive
        self._watermark = Watermark(
            delay=round(self._config.input.max_out_of_orderness_seconds * 1e6),
            idle=None if archive else round(self._config.input.partition_idle_seconds * 1e6),
            value=self._state.watermark(),
            newest=self._state.newest(),
        )
        self._expired: dict[str, int] = {}
        self._stores: dict[str, Stores] = {}
        self._journals: dict[str, Journal] = {}
        for language in self._state.languages():
            self._journal(language)

    def take(self, items: Sequence[Item], partitions: Sequence[str], silent: Mapping[str, int]) -> None:
        """Take what was read, move the watermark and decide what is due, all of it in one transaction."""
        with self._all_or_nothing():
            for item in items:
                self._take(item)
            # Only the last position of a stream counts.
            for stream, item in {item.stream: item for item in items}.items():
                self._state.move(stream, item.position, item.detail)
            watermark = self._watermark.advance(partitions, silent, self._now())
            self._state.progress(watermark, self._watermark.newest)
            if watermark is not None:
                self._decide(watermark)
                self._expire(watermark)
        for journal in self._journals.values():
            journal.detector.prepare()

    def decide(self) -> None:
        """Decide more of what is due, in a transaction of its own."""
        with self._all_or_nothing():
            self._decide(self._due_until())

    def decide_waiting(self) -> None:
        """Decide more of what waits, due or not: the input has ended."""
        with self._all_or_nothing():
            self._decide(_END_OF_TIME)

    @property
    def has_due(self) -> bool:
        """Whether a tick at or before the watermark still waits."""
        return self._next_tick(self._due_until()) is not None

    @property
    def has_waiting(self) -> bool:
        """Whether any article waits."""
        return self._next_tick(_END_OF_TIME) is not None

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Make a transaction after whose failure memory is as it was before it, like the file."""
        counts = self.counts.copy()
        try:
            with self._state.transaction():
                yield
        except BaseException:
            self.counts = counts
            self.reload()
            raise

    def _take(self, item: Item) -> None:
        if isinstance(item.found, DeadLetter):
            self._bury(item.found)
        elif item.found is not None:
            self.counts["articles"] += 1
            try:
                sketch = sketch_article(self._parse(item.found).article, self._config.detection)
            except MalformedArticle as error:
                self._bury(DeadLetter("parse", str(error), item.found.source, item.found.data))
            except Exception as error:
                # One article that nobody foresaw must not end the job at every start; the letter keeps it for a mend.
                reason = f"defect: {type(error).__name__}: {error}; please report it with this article"
                self._bury(DeadLetter("parse", reason, item.found.source, item.found.data))
            else:
                self._observe(sketch, item.found, item.partition)

    def _observe(self, sketch: Sketch, raw: RawArticle, partition: str | None) -> None:
        if partition is not None:
            self._watermark.see(partition, sketch.observed_at, self._now())
        journal = self._journal(sketch.language)
        if journal.detector.is_too_late(sketch):
            self._bury(_too_late(sketch, journal.detector.mark or 0, raw))
            return
        self.counts["late"] += journal.detector.is_late(sketch)
        journal.observe(sketch, self._stores[sketch.language])

    def _bury(self, letter: DeadLetter) -> None:
        self.counts["dead_letters"] += 1
        self._outbox.add_dead_letter(letter, self._clock())

    def _decide(self, until: int) -> None:
        """Decide tick by tick over all languages, so that what is told stands in the order of a file of events."""
        num_decided = 0
        while num_decided < DECIDED_AT_ONCE and (tick := self._next_tick(until)) is not None:
            outcomes = self._decide_tick(tick)
            num_decided += sum(len(outcome.placed) for outcome in outcomes)
            for event in sorted(
                (event for outcome in outcomes for event in outcome.events), key=lambda event: event.order
            ):
                self.counts["events"] += 1
                self._outbox.add_event(event, self._config.output.source, self._clock())

    def _decide_tick(self, tick: int) -> list[Outcome]:
        return [
            outcome
            for language, journal in sorted(self._journals.items())
            if journal.detector.next_tick() == tick
            for outcome in journal.advance(tick, self._stores[language])
        ]

    def _next_tick(self, until: int) -> int | None:
        """Name the earliest tick that is due; one that only late articles wait for is due at once."""
        ticks = [
            tick
            for journal in self._journals.values()
            if (tick := journal.detector.next_tick()) is not None and (tick <= until or tick == journal.detector.mark)
        ]
        return min(ticks, default=None)

    def _expire(self, watermark: int) -> None:
        for language, journal in self._journals.items():
            mark = journal.detector.mark
            if mark is None or self._expired.get(language) == mark or watermark < journal.detector.ticks.expiry(mark):
                continue
            journal.expire(watermark, self._stores[language])
            self._expired[language] = mark

    def _journal(self, language: str) -> Journal:
        if language not in self._journals:
            self._stores[language] = stores_of(self._state.connection, language)
            self._journals[language] = Journal.load(self._config.detection, self._stores[language], FileSpool)
        return self._journals[language]

    def _due_until(self) -> int:
        value = self._watermark.value
        return -_END_OF_TIME if value is None else value

    def _now(self) -> int:
        return round(self._clock() * 1e6)


def _too_late(sketch: Sketch, mark: int, raw: RawArticle) -> DeadLetter:
    reason = (
        f"too-late: observed_at {from_micros(sketch.observed_at).isoformat()} is more than allowed_lateness before "
        f"{from_micros(mark).isoformat()}, up to which {sketch.language!r} is decided; replay it with the articles of "
        "its time"
    )
    return DeadLetter("detect", reason, raw.source, raw.data)
