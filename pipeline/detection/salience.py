"""Which words of an article say most about it, in Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pipeline.detection.reading import Word


class Settings(NamedTuple):
    title_weight: float
    saturation: float
    name_weight: float
    number_weight: float
    lead_weight: float


@dataclass(slots=True)
class Stem:
    """What an article says of a stem."""

    first: int
    idf: float
    background: float = 0.0
    in_title: int = 0
    in_text: int = 0
    capitals: int = 0
    """How much oftener it is written with a capital letter than without."""
    is_number: bool = False
    words: dict[int, int] = field(default_factory=dict)
    """How often each word of it stands there."""

    def weight(self, settings: Settings, fading: NDArray[np.float64]) -> float:
        counted = settings.title_weight * self.in_title + self.in_text
        saturated = counted + settings.saturation
        # A word of no count (one of the title, where titles count nothing) weighs nothing, without saturation too.
        weight = counted * (1.0 + settings.saturation) / saturated if saturated > 0.0 else 0.0
        weight *= 1.0 + settings.name_weight if self.capitals > 0 else 1.0
        weight *= settings.number_weight if self.is_number else 1.0
        return weight * (1.0 + settings.lead_weight * float(fading[min(self.first, len(fading) - 1)]))

    def spelling(self, forms: list[str]) -> str:
        """Write it as the article mostly does, between equals as comes first in the alphabet."""
        return min((-times, forms[word]) for word, times in self.words.items())[1]


def stems(title: Sequence[int], text: Sequence[int], words: Sequence["Word"]) -> dict[int, Stem]:
    """Gather what an article says of each stem, by the hashes of the stems."""
    found: dict[int, Stem] = {}
    for position, number in enumerate(chain(title, text)):
        word = words[number]
        if word.stem is not None:
            stem = found.get(word.stem)
            if stem is None:
                stem = found[word.stem] = Stem(position, word.idf)
            if position < len(title):
                stem.in_title += 1
            else:
                stem.in_text += 1
            stem.capitals += 1 if word.is_name else -1
            stem.is_number |= word.is_number
            stem.background = max(stem.background, word.background)
            stem.idf = min(stem.idf, word.idf)
            stem.words[number] = stem.words.get(number, 0) + 1
    return found
