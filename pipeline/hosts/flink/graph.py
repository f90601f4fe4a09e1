"""The Beam graph that runs for ever: from the topic of articles to those of story events and dead letters."""

import apache_beam as beam

from pipeline.brokers import Connection
from pipeline.config import Config
from pipeline.records import Parse
from pipeline.sinks.kafka import WriteDeadLettersToKafka, WriteEventsToKafka
from pipeline.sources.kafka.transforms import EventTime, FollowKafka
from pipeline.transforms.articles import DEAD_LETTERS, ParseArticles, SketchArticles
from pipeline.transforms.detect import DetectStories


class Follow(beam.PTransform):
    """``FollowKafka | ParseArticles | SketchArticles | DetectStories`` and two topics to write to.

    Parameters
    ----------
    config
        The whole configuration, with ``kafka`` in ``[input]`` and ``[output]``.
    parse
        Turns raw articles into articles.
    """

    def __init__(self, config: Config, parse: Parse) -> None:
        super().__init__()
        self._config = config
        self._parse = parse

    def expand(self, pbegin: beam.pvalue.PBegin) -> beam.PCollection:
        output, detection = self._config.output, self._config.detection
        read = pbegin | "FollowKafka" >> self._source()
        parsed = read.raw | "ParseArticles" >> ParseArticles(self._parse)
        sketched = parsed.articles | "SketchArticles" >> SketchArticles(detection)
        found = sketched | "DetectStories" >> DetectStories(detection)
        dead = (read[DEAD_LETTERS], parsed[DEAD_LETTERS], found[DEAD_LETTERS]) | "GatherDeadLetters" >> beam.Flatten()
        brokers = Connection(output.kafka or "", self._config.kafka)
        _ = dead | "WriteDeadLetters" >> WriteDeadLettersToKafka(output.dead_letters_topic, brokers)
        return found.events | "WriteEvents" >> WriteEventsToKafka(output.topic, brokers, output.source)

    def _source(self) -> FollowKafka:
        given = self._config.input
        # A live article without a date is dated by the broker's clock: a bundle that is run again finds the same date.
        idle_after = None if given.archive else given.partition_idle_seconds
        return FollowKafka(
            given.topic,
            Connection(given.kafka or "", self._config.kafka),
            EventTime(self._parse, given.max_out_of_orderness_seconds, idle_after),
            max_article_bytes=given.max_article_bytes,
            group=self._config.flink.group,
        )
