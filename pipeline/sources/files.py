"""Files as a bounded source of raw articles."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

from pipeline.records import DeadLetter, RawArticle
from pipeline.transforms.articles import DEAD_LETTERS, Refused

ReadFile = Callable[[str], Iterable[RawArticle | DeadLetter]]
"""Reads one file; handed in, since sources know no connector."""


class ReadArticleFiles(beam.PTransform):
    """Read raw articles from files, in no order; unreadable pieces go to the tag `DEAD_LETTERS`.

    Counters: ``files_read_total``, ``articles_read_total``, ``dead_letters_total``, and the part of the last that arose
    here, ``dead_letters_read_total``.

    Parameters
    ----------
    paths
        Files to read. Only their names travel through Beam's `Create`, as bytes, since a file may be named by bytes
        that are no UTF-8; the articles are read in a DoFn.
    read
        Reads one file; never raises for bad input.
    """

    def __init__(self, paths: Sequence[str], read: ReadFile) -> None:
        super().__init__()
        self._paths = paths
        self._read = read

    def expand(self, pbegin: beam.pvalue.PBegin) -> Any:
        return (
            pbegin
            | "Name" >> beam.Create([os.fsencode(path) for path in self._paths])
            | "Spread" >> beam.Reshuffle()
            | "Read"
            >> beam.ParDo(_ReadFn(self._read)).with_output_types(RawArticle).with_outputs(DEAD_LETTERS, main="raw")
        )


class _ReadFn(beam.DoFn):
    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._files = Metrics.counter("wirewatch", "files_read_total")
        self._articles = Metrics.counter("wirewatch", "articles_read_total")
        self._refused = Metrics.counter("wirewatch", "dead_letters_total")
        self._refused_here = Metrics.counter("wirewatch", "dead_letters_read_total")

    def process(self, path: bytes) -> Iterator[RawArticle | Refused]:
        self._files.inc()
        for item in self._read(os.fsdecode(path)):
            if isinstance(item, DeadLetter):
                self._refused.inc()
                self._refused_here.inc()
                yield TaggedOutput(DEAD_LETTERS, item)
            else:
                self._articles.inc()
                yield item
