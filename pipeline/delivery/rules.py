"""Which story events a watchlist asks for. Pure: what was alerted before is an argument."""

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.config import RuleConfig
from pipeline.delivery.stems import stems_of
from pipeline.records import EventType, Role, StoryEvent

_GROWTH = (EventType.EMERGED, EventType.GREW, EventType.SURGED)


class Subject:
    """A story event with what rules ask of it, worked out once for all of them.

    Parameters
    ----------
    event
        What changed in a story.
    ladder
        The growth ladder of ``[detection.stories]``, rising.
    """

    def __init__(self, event: StoryEvent, ladder: Sequence[int]) -> None:
        self.event = event
        self.rung: int | None = None
        """How many rungs of the ladder the story has reached; none for an event that tells of no growth."""
        if event.type in _GROWTH:
            self.rung = bisect_right(ladder, event.num_reports)
        self.name = event.type.name.lower()
        mentions = [mention for mention in event.mentions if mention.role is not Role.MOVED]
        self.outlets = {mention.outlet.casefold() for mention in mentions if mention.outlet}
        texts = [event.headline, *event.keywords]
        for mention in mentions:
            texts += [mention.title, *mention.terms]
        self.stems = frozenset[str]().union(*stems_of(" ".join(texts), event.language))


class Rule:
    """One watchlist.

    Parameters
    ----------
    config
        What must hold.
    """

    def __init__(self, config: RuleConfig) -> None:
        self.config = config
        self.name = config.name
        self._outlets = {outlet.casefold() for outlet in config.outlets}
        self._languages = {language.casefold() for language in config.languages}

    def fires(self, subject: Subject, alerted: int | None) -> bool:
        """Tell whether an event is worth an alert.

        Parameters
        ----------
        subject
            The event.
        alerted
            The highest rung at which this rule alerted of this story before; none for never.
        """
        if subject.name not in self.config.types:
            return False
        if alerted is None:
            return self._matches(subject)
        # Whoever was told of a story is told how it goes on, also when nothing is left of it that could match.
        return subject.rung is None or (subject.rung > alerted and self._matches(subject))

    def _matches(self, subject: Subject) -> bool:
        config, event = self.config, subject.event
        return (
            event.num_reports >= config.min_reports
            and event.num_copies >= config.min_copies
            and event.num_outlets >= config.min_outlets
            and event.surge_score >= config.min_surge_score
            and (not self._languages or event.language in self._languages)
            and (not self._outlets or not self._outlets.isdisjoint(subject.outlets))
            and (not config.words or any(self._has(entry, subject) for entry in config.words))
        )

    def _has(self, entry: str, subject: Subject) -> bool:
        """Tell whether every word of an entry occurs in an event."""
        return not any(stems.isdisjoint(subject.stems) for stems in stems_of(entry, subject.event.language))
