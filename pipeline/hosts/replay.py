"""A bounded replay: the Beam graph from files or topics to files, on one machine."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from pipeline.config import Config
from pipeline.records import Article, Assignment, DeadLetter, Move, Parse, StoryEvent
from pipeline.sinks.jsonl import Line, WriteSortedJsonl
from pipeline.transforms.articles import DEAD_LETTERS, ParseArticles, SketchArticles
from pipeline.transforms.detect import ASSIGNMENTS, MOVES, DetectStories


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the replay writes; what is none is not written."""

    events: str
    assignments: str | None = None
    dead_letters: str | None = None

    def paths(self) -> list[str]:
        return [path for path in (self.events, self.assignments, self.dead_letters) if path is not None]


class Listener(NamedTuple):
    """What is told while the replay runs, if it runs in this process; for people, not for programs."""

    on_parsed: Callable[[Any], None]
    on_decided: Callable[[Assignment], None]
    on_event: Callable[[StoryEvent], None]


_LISTENERS: dict[str, Listener] = {}
"""By replay. Beam pickles what a DoFn holds, and a listener draws on a terminal: so the DoFn holds a name."""


class Replay(beam.PTransform):
    """The whole graph: ``source | ParseArticles | SketchArticles | DetectStories`` and its three files.

    Parameters
    ----------
    source
        A bounded source, such as `ReadArticleFiles` or `ReadKafkaRanges`: raw articles, and the tag `DEAD_LETTERS`.
    parse
        Turns raw articles into articles.
    config
        All that decides.
    outputs
        The files.
    close_all
        Whether to close every open story at the end.
    """

    def __init__(
        self,
        source: beam.PTransform,
        parse: Parse,
        config: Config,
        outputs: Outputs,
        *,
        close_all: bool = False,
    ) -> None:
        super().__init__()
        self._source = source
        self._parse = parse
        self._config = config
        self._outputs = outputs
        self._close_all = close_all
        self.listener = ""

    def expand(self, pbegin: beam.pvalue.PBegin) -> beam.PCollection:
        read = pbegin | self._source
        parsed = read.raw | "ParseArticles" >> ParseArticles(self._parse)
        told = self._telling(parsed.articles, "TellParsed", "on_parsed", Article)
        sketched = told | "SketchArticles" >> SketchArticles(self._config.detection)
        found = sketched | "DetectStories" >> DetectStories(self._config.detection, close_all=self._close_all)
        dead = (read[DEAD_LETTERS], parsed[DEAD_LETTERS], found[DEAD_LETTERS]) | "GatherDeadLetters" >> beam.Flatten()
        return self._write(found.events, found[ASSIGNMENTS], found[MOVES], dead)

    def _write(
        self,
        events: beam.PCollection,
        assignments: beam.PCollection,
        moves: beam.PCollection,
        dead: beam.PCollection,
    ) -> beam.PCollection:
        told = self._telling(events, "TellEvents", "on_event", StoryEvent)
        lines = told | "EncodeEvents" >> beam.Map(_event_line, self._config.output.source)
        written = lines | "WriteEvents" >> WriteSortedJsonl(self._outputs.events)
        decided = self._telling(assignments, "TellDecided", "on_decided", Assignment)
        if self._outputs.assignments:
            settled = (decided, moves) | "FollowMoves" >> _FollowMoves()
            lines = settled | "EncodeAssignments" >> beam.Map(_assignment_line)
            _ = lines | "WriteAssignments" >> WriteSortedJsonl(self._outputs.assignments)
        if self._outputs.dead_letters:
            lines = dead | "EncodeDeadLetters" >> beam.Map(_dead_letter_line)
            _ = lines | "WriteDeadLetters" >> WriteSortedJsonl(self._outputs.dead_letters)
        return written

    def _telling(self, pcoll: beam.PCollection, label: str, what: str, kind: type) -> beam.PCollection:
        """Tell the listener of each element, if there is one; a step costs time even if it does nothing."""
        if not self.listener:
            return pcoll
        return pcoll | label >> beam.Map(_tell, self.listener, what).with_output_types(kind)


class _FollowMoves(beam.PTransform):
    """Bring each assignment to the story where its micro-cluster ended up."""

    def expand(self, pcolls: Any) -> beam.PCollection:
        assignments, moves = pcolls
        # A takedown of what was never seen has no micro-cluster.
        keyed = assignments | "ByMicroCluster" >> beam.WithKeys(lambda assignment: assignment.micro_id or "")
        moved = moves | "MovesByMicroCluster" >> beam.WithKeys(lambda move: move.micro_id)
        return (keyed, moved) | beam.CoGroupByKey() | "Follow" >> beam.FlatMapTuple(_follow)


def _follow(_: str, found: tuple[Iterable[Assignment], Iterable[Move]]) -> Iterator[Assignment]:
    assignments, moves = found
    last = max(moves, key=lambda move: move.tick, default=None)
    for assignment in assignments:
        yield replace(assignment, story_id=last.story_id) if last else assignment


def run_replay(
    replay: Replay, *, listener: Listener | None = None, runner_arguments: Sequence[str] = (), runner: Any = None
) -> Counter[str]:
    """Run a replay to its end.

    Parameters
    ----------
    replay
        The graph.
    listener
        Told as the replay goes on, where the runner works in this process.
    runner_arguments
        Beam pipeline options, as on a command line; ``--runner`` among them chooses another runner.
    runner
        A Beam runner; by default `FnApiRunner` by name, since ``DirectRunner`` would try others first.

    Returns
    -------
    Counter[str]
        Every counter of the run, by name.
    """
    options = PipelineOptions(list(runner_arguments))
    if runner is None and not any(argument.startswith("--runner") for argument in runner_arguments):
        runner = FnApiRunner()
    name = "" if listener is None else uuid.uuid4().hex
    if listener is not None:
        _LISTENERS[name] = listener
    replay.listener = name
    try:
        pipeline = beam.Pipeline(runner=runner, options=options)
        _ = pipeline | "Replay" >> replay
        result = pipeline.run()
        result.wait_until_finish()
    finally:
        _LISTENERS.pop(name, None)
    return _counters(result)


def _counters(result: Any) -> Counter[str]:
    counters: Counter[str] = Counter()
    for metric in result.metrics().query(MetricsFilter().with_namespace("wirewatch"))["counters"]:
        counters[metric.key.metric.name] += metric.committed if metric.committed is not None else metric.attempted
    return counters


def _tell(element: Any, listener: str, what: str) -> Any:
    told = _LISTENERS.get(listener)
    if told is not None:
        getattr(told, what)(element)
    return element


def _event_line(event: StoryEvent, source: str) -> Line:
    return event.order, event.to_json(source)


def _assignment_line(assignment: Assignment) -> Line:
    return (assignment.source, assignment.article_id, assignment.role.value), assignment.to_json()


def _dead_letter_line(letter: DeadLetter) -> Line:
    return (letter.source, letter.stage, letter.reason), letter.to_json()
