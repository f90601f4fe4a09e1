"""Which words say what a story is about."""

from collections import Counter
from collections.abc import Sequence

from pipeline.detection.hashing import word_hash
from pipeline.detection.packing import Vector, ids_of
from pipeline.detection.sketch import Sketch
from pipeline.detection.vectors import heaviest
from pipeline.detection.words import stem_of

_MOST = 10
_SHARE_OF_REPORTS = 0.5
"""From which a name stands for its words: rarer, and the word is mostly said without the rest."""


def keywords(centre: Vector, reports: Sequence[Sketch]) -> tuple[str, ...]:
    """Name at most ten terms of a story's centre; one that is mostly part of a name is told with the whole of it.

    Parameters
    ----------
    centre
        From `Story.centre`.
    reports
        Of the story, the newest: they say how its terms are written.

    Returns
    -------
    tuple[str, ...]
        The weightiest first; terms that no report has any more are left out.
    """
    wanted = ids_of(heaviest(centre, _MOST)).tolist()
    forms, names = _forms(set(wanted), reports), _names(reports)
    told: dict[str, None] = {}
    covered: set[int] = set()
    for term in wanted:
        if term in forms and term not in covered:
            name = names.get(term, forms[term])
            told[name] = None
            covered |= {word_hash(stem_of(word)) for word in name.split()}
    return tuple(told)


def _forms(wanted: set[int], reports: Sequence[Sketch]) -> dict[int, str]:
    """Name for each term how most reports write it; of equals the first in the alphabet."""
    counts: Counter[tuple[int, str]] = Counter()
    for sketch in reports:
        counts.update(pair for pair in zip(sketch.ids.tolist(), sketch.terms.forms, strict=True) if pair[0] in wanted)
    # What comes last stays.
    return dict(sorted(counts, key=lambda pair: (-counts[pair], pair[1]), reverse=True))


def _names(reports: Sequence[Sketch]) -> dict[int, str]:
    """Name for each term the name that it is mostly part of; of several that of the most reports."""
    counts = Counter(name for sketch in reports for name in sketch.names)
    least = max(2, _SHARE_OF_REPORTS * len(reports))
    names: dict[int, str] = {}
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= least:
            for word in name.split():
                names.setdefault(word_hash(stem_of(word)), name)
    return names
