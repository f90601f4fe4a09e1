"""The open stories of a language, and which of them each micro-cluster belongs to."""

from collections.abc import Iterable, Iterator

from pipeline.detection.micro import MicroCluster
from pipeline.detection.story import Story


class Stories:
    """Finds stories by their id and by their micro-clusters', in the order in which they were last heard of."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: dict[str, Story] = {}
        self._home_of: dict[str, tuple[MicroCluster, Story]] = {}
        """Each micro-cluster and the story it is in, by its id: an article asks for some twenty."""
        for story in stories:
            self.hear(story)
            self._home_of |= {micro.id: (micro, story) for micro in story.micros.values()}

    def __iter__(self) -> Iterator[Story]:
        """Go through the stories from the quietest to the one heard of last."""
        return iter(self._stories.values())

    def __getitem__(self, story_id: str) -> Story:
        return self._stories[story_id]

    def get(self, story_id: str) -> Story | None:
        return self._stories.get(story_id)

    def of(self, micro_id: str | None) -> Story | None:
        """Give the open story that holds a micro-cluster."""
        home = None if micro_id is None else self._home_of.get(micro_id)
        return None if home is None else home[1]

    def holding(self, micro_ids: Iterable[str]) -> list[tuple[MicroCluster, Story]]:
        """Give those of some micro-clusters that are in open stories, with their stories."""
        return [home for home in map(self._home_of.get, micro_ids) if home is not None]

    def hear(self, story: Story) -> None:
        """Put a story behind all others."""
        self._stories[story.id] = self._stories.pop(story.id, story)

    def put(self, micro: MicroCluster, story: Story) -> None:
        """Let a micro-cluster belong to a story, as its last, and to no other."""
        former = self.of(micro.id)
        if former is not None:
            del former.micros[micro.id]
        story.micros[micro.id] = micro
        self._home_of[micro.id] = micro, story

    def remove(self, story: Story) -> None:
        del self._stories[story.id]
        for micro_id in story.micros:
            del self._home_of[micro_id]
