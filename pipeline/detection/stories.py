"""The open stories of a language, and which of them each micro-cluster belongs to."""

from collections.abc import Iterable, Iterator

from pipeline.detection.micro import MicroCluster
from pipeline.detection.story import Story


class Stories:
    """Finds stories by their id and by their micro-clusters', in the order in which they were last heard of."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: dict[str, Story] = {}
        self._of_micro: dict[str, Story] = {}
        for story in stories:
            self.hear(story)
            self._of_micro |= dict.fromkeys(story.micros, story)

    def __iter__(self) -> Iterator[Story]:
        """Go through the stories from the quietest to the one heard of last."""
        return iter(self._stories.values())

    def __getitem__(self, story_id: str) -> Story:
        return self._stories[story_id]

    def get(self, story_id: str) -> Story | None:
        return self._stories.get(story_id)

    def of(self, micro_id: str | None) -> Story | None:
        """Give the open story that holds a micro-cluster."""
        return None if micro_id is None else self._of_micro.get(micro_id)

    def holding(self, micro_ids: Iterable[str]) -> list[tuple[MicroCluster, Story]]:
        """Give those of some micro-clusters that are in open stories, with their stories."""
        story_of = self._of_micro.get
        return [(story.micros[micro_id], story) for micro_id in micro_ids if (story := story_of(micro_id)) is not None]

    def hear(self, story: Story) -> None:
        """Put a story behind all others."""
        self._stories[story.id] = self._stories.pop(story.id, story)

    def put(self, micro: MicroCluster, story: Story) -> None:
        """Let a micro-cluster belong to a story, and to no other."""
        former = self._of_micro.get(micro.id)
        if former is not None:
            del former.micros[micro.id]
        story.micros[micro.id] = micro
        self._of_micro[micro.id] = story

    def remove(self, story: Story) -> None:
        del self._stories[story.id]
        for micro_id in story.micros:
            del self._of_micro[micro_id]
