"""The open stories of a language, and which of them each micro-cluster belongs to."""

from collections.abc import Iterable, Iterator

from pipeline.detection.micro import MicroCluster
from pipeline.detection.story import Story


class Stories:
    """Finds stories by their id and by their micro-clusters', in the order in which they were last heard of."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories: dict[str, Story] = {}
        self._micros: dict[str, MicroCluster] = {}
        for story in stories:
            self.hear(story)
            self._micros |= {micro.id: micro for micro in story.micros}
        for micro in self._micros.values():
            micro.story_id = self.one_of_story(micro.story_id)
            micro.neighbours = tuple([self.one_of_micro(neighbour) for neighbour in micro.neighbours])

    def __iter__(self) -> Iterator[Story]:
        """Go through the stories from the quietest to the one heard of last."""
        return iter(self._stories.values())

    def __getitem__(self, story_id: str) -> Story:
        return self._stories[story_id]

    def get(self, story_id: str) -> Story | None:
        return self._stories.get(story_id)

    def micro(self, micro_id: str | None) -> MicroCluster | None:
        """Give a micro-cluster of an open story."""
        return None if micro_id is None else self._micros.get(micro_id)

    def of(self, micro_id: str | None) -> Story | None:
        """Give the open story that holds a micro-cluster."""
        micro = self.micro(micro_id)
        return None if micro is None else self._stories[micro.story_id]

    def one_of_story(self, story_id: str) -> str:
        """Give the one object for the id of an open story; state, when read, has one for each time it is named."""
        story = self._stories.get(story_id)
        return story_id if story is None else story.id

    def one_of_micro(self, micro_id: str) -> str:
        """Give the one object for the id of a micro-cluster."""
        micro = self._micros.get(micro_id)
        return micro_id if micro is None else micro.id

    def holding(self, micro_ids: Iterable[str]) -> list[tuple[MicroCluster, Story]]:
        """Give those of some micro-clusters that are in open stories, with their stories."""
        found = map(self._micros.get, micro_ids)
        return [(micro, self._stories[micro.story_id]) for micro in found if micro is not None]

    def hear(self, story: Story) -> None:
        """Put a story behind all others."""
        self._stories[story.id] = self._stories.pop(story.id, story)

    def put(self, micro: MicroCluster, story: Story) -> None:
        """Let a micro-cluster belong to a story, and to no other; it is the story's last."""
        former = self.of(micro.id)
        if former is not None:
            former.micros = tuple([other for other in former.micros if other is not micro])
        story.micros = *story.micros, micro
        micro.story_id = story.id
        self._micros[micro.id] = micro
        self._stories.setdefault(story.id, story)

    def remove(self, story: Story) -> None:
        del self._stories[story.id]
        for micro in story.micros:
            del self._micros[micro.id]
