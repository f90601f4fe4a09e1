"""What a story is about, in words a reader knows: its weightiest terms as they are written, names kept whole."""

from collections import Counter

from pipeline.detection.story import Story
from pipeline.detection.vectors import Vector, heaviest
from pipeline.detection.words import stem_of

_MOST = 10
_SHARE_OF_REPORTS = 0.5
"""From which a name stands for its words: rarer, and the word is mostly said without the rest."""


def keywords(story: Story, centre: Vector) -> tuple[str, ...]:
    """Name at most ten terms of a story's centre; one that is mostly part of a name is told with the whole of it.

    Parameters
    ----------
    story
        With at least one micro-cluster.
    centre
        From `Story.centre`.

    Returns
    -------
    tuple[str, ...]
        The weightiest first.
    """
    forms: dict[str, str] = {}
    for micro in story.micros.values():
        forms = micro.forms | forms
    names = _names(story)
    told: dict[str, None] = {}
    covered: set[str] = set()
    for stem, weight in heaviest(centre, _MOST):
        if weight > 0.0 and stem not in covered:
            name = names.get(stem, forms[stem])
            told[name] = None
            covered.update(map(stem_of, name.split()))
    return tuple(told)


def _names(story: Story) -> dict[str, str]:
    """Find the name that most reports have, for each stem of a name."""
    counts: Counter[str] = Counter()
    for micro in story.micros.values():
        counts.update(micro.names)
    least = max(2, _SHARE_OF_REPORTS * story.num_reports)
    names: dict[str, str] = {}
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= least:
            for word in name.split():
                names.setdefault(stem_of(word), name)
    return names
