"""Clusterers that need no detection."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.evaluation.evaluate import Clusterer
from pipeline.records import Assignment, Role, StoryEvent


def clusterer(cluster: Callable[[Sequence[dict[str, Any]]], Mapping[str, str | None]]) -> Clusterer:
    """Make a clusterer that finds reports only, and tells nothing, of a function that gives the story of each id."""

    def assign(articles: Sequence[dict[str, Any]]) -> tuple[dict[str, Assignment], list[StoryEvent]]:
        stories = cluster(articles)
        return {key: Assignment(key, "", story, Role.REPORT) for key, story in stories.items()}, []

    return assign
