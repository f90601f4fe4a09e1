"""From raw bytes to sketches: everything that can fail on bad input, before any state."""

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

from pipeline.config import DetectionConfig
from pipeline.detection.codec import encode_sketch
from pipeline.detection.sketch import sketch_article
from pipeline.records import Article, DeadLetter, MalformedArticle, Parse, RawArticle

DEAD_LETTERS = "dead_letters"
"""Tag of the side output of every transform that can refuse input."""

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
    """Turn articles into ``(language, encoded sketch)``: the key and the value of detection's state."""

    def __init__(self, config: DetectionConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Sketch" >> beam.ParDo(_SketchFn(self._config)).with_output_types(tuple[str, bytes])


class _SketchFn(beam.DoFn):
    def __init__(self, config: DetectionConfig) -> None:
        self._config = config

    def process(self, article: Article) -> Iterator[tuple[str, bytes]]:
        sketch = sketch_article(article, self._config)
        yield sketch.language, encode_sketch(sketch)
