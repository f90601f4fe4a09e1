"""From raw bytes to sketches: everything that can fail on bad input, before any state."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow, TimestampedValue
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.config import DetectionConfig
from pipeline.detection.codec import encode
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.records import Article, DeadLetter, MalformedArticle, Parse, RawArticle

DEAD_LETTERS = "dead_letters"
"""Tag of the side output of every transform that can refuse input."""

MOST_TOGETHER = 100
"""Sketches of one element."""

Refused: TypeAlias = TaggedOutput[Literal["dead_letters"], DeadLetter]


class ParseArticles(beam.PTransform):
    """Turn raw articles into articles; what can never be one goes to the tag `DEAD_LETTERS`.

    Counters: ``articles_parsed_total``, ``dead_letters_total``, and ``note_<name>_total`` for each oddity.
    """

    def __init__(self, parse: Parse) -> None:
        super().__init__()
        self._parse = parse

    def expand(self, pcoll: beam.PCollection) -> Any:
        parse = beam.ParDo(_ParseFn(self._parse)).with_output_types(Article)
        return pcoll | "Parse" >> parse.with_outputs(DEAD_LETTERS, main="articles")


class _ParseFn(beam.DoFn):
    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._parsed = Metrics.counter("wirewatch", "articles_parsed_total")
        self._refused = Metrics.counter("wirewatch", "dead_letters_total")

    def process(self, raw: RawArticle) -> Iterator[Article | Refused]:
        try:
            parsed = self._parse(raw)
        except MalformedArticle as error:
            self._refused.inc()
            yield TaggedOutput(DEAD_LETTERS, DeadLetter("parse", str(error), raw.source, raw.data))
            return
        self._parsed.inc()
        for note in parsed.notes:
            Metrics.counter("wirewatch", f"note_{note}_total").inc()
        yield parsed.article


class SketchArticles(beam.PTransform):
    """Turn articles into ``(language, encoded sketches)``: the key and the values of detection's state.

    The sketches of a language go on together, `MOST_TOGETHER` at most, so that state is fetched and written once for
    all of them. None waits longer than its bundle; they stand at the earliest of their articles' timestamps.
    """

    def __init__(self, config: DetectionConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Sketch" >> beam.ParDo(_SketchFn(self._config)).with_output_types(tuple[str, bytes])


class _Batch:
    def __init__(self) -> None:
        self.sketches: list[Sketch] = []
        self.earliest: Timestamp = MAX_TIMESTAMP

    def add(self, sketch: Sketch, timestamp: Timestamp) -> None:
        self.sketches.append(sketch)
        self.earliest = min(self.earliest, timestamp)


class _SketchFn(beam.DoFn):
    def __init__(self, config: DetectionConfig) -> None:
        self._config = config

    def start_bundle(self) -> None:
        self._batches: defaultdict[str, _Batch] = defaultdict(_Batch)

    def process(
        self,
        article: Article,
        timestamp: Any = beam.DoFn.TimestampParam,
    ) -> Iterator[TimestampedValue]:
        sketch = sketch_article(article, self._config)
        batch = self._batches[sketch.language]
        batch.add(sketch, timestamp)
        if len(batch.sketches) == MOST_TOGETHER:
            del self._batches[sketch.language]
            yield TimestampedValue((sketch.language, encode(batch.sketches)), batch.earliest)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for language, batch in self._batches.items():
            yield WindowedValue((language, encode(batch.sketches)), batch.earliest, [GlobalWindow()])
