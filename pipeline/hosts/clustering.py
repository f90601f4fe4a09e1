"""Articles in, story of each and events out: what `evaluate` scores, on the detector itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from pipeline.config import DetectionConfig
from pipeline.detection.clock import to_micros
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Assignment, MalformedArticle, Parse, RawArticle, StoryEvent

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Clustering:
    """Clusters the same articles in several orders; an article is parsed and sketched once.

    Parameters
    ----------
    parse
        Turns the bytes of one article into an `Article`.
    config
        All that decides.
    """

    def __init__(self, parse: Parse, config: DetectionConfig) -> None:
        self._parse = parse
        self._config = config
        self._sketches: dict[bytes, Sketch] = {}

    def __call__(self, articles: Sequence[dict[str, Any]]) -> tuple[dict[str, Assignment], list[StoryEvent]]:
        """Give where the article of each id ended up, as what it came first, and the story events.

        Articles are JSON objects with ``observed_at``. A malformed one is missing, as in a replay it would be a dead
        letter.
        """
        sketches = [sketch for article in articles if (sketch := self._sketch(article)) is not None]
        events, outcomes = detect_stories(sketches, self._config)
        found: dict[str, Assignment] = {}
        moved: dict[str, str] = {}
        for outcome in outcomes:
            for assignment in outcome.assignments():
                if assignment.article_id not in found or found[assignment.article_id].story_id is None:
                    found[assignment.article_id] = assignment
            moved |= {move.micro_id: move.story_id for move in outcome.all_moves()}
        ended = {
            article_id: replace(assignment, story_id=moved.get(assignment.micro_id or "", assignment.story_id))
            for article_id, assignment in found.items()
        }
        return ended, events

    def under(self, config: DetectionConfig) -> "Clustering":
        """Cluster under another configuration, with the sketches made so far if they are the same under it."""
        other = Clustering(self._parse, config)
        if (config.sketch, config.copies) == (self._config.sketch, self._config.copies):
            other._sketches = self._sketches
        return other

    def _sketch(self, article: dict[str, Any]) -> Sketch | None:
        content = {name: value for name, value in article.items() if name != "observed_at"}
        key = orjson.dumps(content)
        if key not in self._sketches:
            try:
                parsed = self._parse(RawArticle("", key, "json", _NEVER)).article
            except MalformedArticle:
                return None
            self._sketches[key] = sketch_article(parsed, self._config)
        observed_at = datetime.fromisoformat(article["observed_at"])
        return msgspec.structs.replace(self._sketches[key], observed_at=to_micros(observed_at))
