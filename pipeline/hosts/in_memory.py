"""The plain loop around the detector: all articles at once, in memory. The oracle for every other host."""

from collections.abc import Iterable

from pipeline.config import DetectionConfig
from pipeline.detection.detector import END_OF_TIME, Detector, Outcome
from pipeline.detection.sketch import Sketch
from pipeline.records import StoryEvent


def detect_stories(
    sketches: Iterable[Sketch], config: DetectionConfig, *, close_all: bool = False
) -> tuple[list[StoryEvent], list[Outcome]]:
    """Find the stories of a bounded set of articles, whatever their order.

    Returns
    -------
    tuple[list[StoryEvent], list[Outcome]]
        The events in the order of every file of events, and the outcomes tick by tick, language by language.
    """
    detectors: dict[str, Detector] = {}
    for sketch in sketches:
        if sketch.language not in detectors:
            detectors[sketch.language] = Detector(config)
        detectors[sketch.language].observe(sketch)
    outcomes, events = [], []
    for language in sorted(detectors):
        of_language = detectors[language].advance(END_OF_TIME)
        events += [event for outcome in of_language for event in outcome.events]
        outcomes += of_language
        if close_all:
            events += detectors[language].close_all()
    return sorted(events, key=lambda event: event.order), outcomes
