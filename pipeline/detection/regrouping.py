"""The second look: whether a story that changed is still one story, and apart from the one nearest to it.

A report is placed when little is known of what it belongs to. So a story is looked at again as it grows: its
micro-clusters and those of its nearest neighbour are grouped anew, as if all had come at
once. Decides; changes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from pipeline.detection.grouping import Linkage, parted
from pipeline.detection.hashing import short_digest
from pipeline.detection.micro import MicroCluster
from pipeline.detection.stories import Stories
from pipeline.detection.story import Story, sums_of_cosines
from pipeline.records import Move

_GROWTH_BETWEEN_LOOKS = 1.1
_MOST_RIVALS = 8
_MOST_MICROS = 96
"""Beyond it a look would cost too much: a story so rich stays as it is."""


def next_look(num_reports: int) -> int:
    """Give the number of reports at which to look again; looks grow rare, so each report pays for a bounded number."""
    return max(num_reports + 1, int(num_reports * _GROWTH_BETWEEN_LOOKS))


class Regrouper:
    """Looks at stories again."""

    def __init__(self, linkage: Linkage, stories: Stories) -> None:
        self._linkage = linkage
        self._stories = stories

    def look(self, story: Story, tick: int) -> list[Move]:
        """Group a story and its nearest neighbour anew.

        Returns
        -------
        list[Move]
            What changes; a story id not known yet names a new story.
        """
        rival = self._nearest(story)
        own, others = story.reporting, rival.reporting if rival else []
        micros = own + others
        if not 1 < len(micros) <= _MOST_MICROS:
            return []
        firsts = self._linkage.partition(micros)
        # Mostly each of the two is one, and apart.
        if firsts == [0] * len(own) + [len(own)] * len(others):
            return []
        parts = parted(micros, firsts)
        return [
            Move(micro.id, name, tick)
            for name, part in zip(self._names(parts, tick), parts, strict=True)
            for micro in part
            if self._story_of(micro).id != name
        ]

    def _story_of(self, micro: MicroCluster) -> Story:
        story = self._stories.of(micro.id)
        assert story is not None
        return story

    def _nearest(self, story: Story) -> Story | None:
        """Find the story most like this one among those that came near when its reports were placed."""
        met = self._met_most(story)
        if not met:
            return None
        num_reports, sums = story.num_reports, sums_of_cosines(story.centre(), [other for other, _ in met])
        ranked = [
            (-total / (num_reports * other_reports), other.id)
            for total, (other, other_reports) in zip(sums, met, strict=True)
        ]
        return self._stories[min(ranked)[1]]

    def _met_most(self, story: Story) -> list[tuple[Story, int]]:
        """Find the stories that came near most often, of equals the first by id, and how many reports each has."""
        near = [self._stories.of(neighbour) for micro in story.micros for neighbour in micro.neighbours]
        met = Counter([other.id for other in near if other is not None and other is not story])
        most_first = (self._stories[story_id] for story_id in sorted(met, key=lambda each: (-met[each], each)))
        # Of a story none may be left but copies.
        return list(islice(((other, size) for other in most_first if (size := other.num_reports)), _MOST_RIVALS))

    def _names(self, parts: Sequence[Sequence[MicroCluster]], tick: int) -> list[str]:
        """Give each part the id of the story it goes on as: told stories first, then those that keep most reports."""
        claims = []
        for place, part in enumerate(parts):
            kept: Counter[str] = Counter()
            for micro in part:
                kept[self._story_of(micro).id] += micro.num_reports
            for story_id, num_reports in kept.items():
                story = self._stories[story_id]
                claims.append((not story.has_emerged, -num_reports, story.first_seen, story_id, place))
        names: dict[int, str] = {}
        for *_, story_id, place in sorted(claims):
            if place not in names and story_id not in names.values():
                names[place] = story_id
        return [names.get(place) or self._new_story_id(part[0], tick) for place, part in enumerate(parts)]

    def _new_story_id(self, micro: MicroCluster, tick: int) -> str:
        # The story it comes from is part of the name: no id is given out again.
        return short_digest("part", self._story_of(micro).id, micro.id, str(tick))
