"""Which words of an article say most about it: the Python of `pipeline.detection.kernels.salient`."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class _Settings(NamedTuple):
    title_weight: float
    saturation: float
    name_weight: float
    number_weight: float
    lead_weight: float


@dataclass(slots=True)
class _Stem:
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

    def weight(self, settings: _Settings, fading: NDArray[np.float64]) -> float:
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


def salient(
    title: NDArray[np.int64],
    text: NDArray[np.int64],
    table: NDArray[np.void],
    settings: NDArray[np.float64],
    fading: NDArray[np.float64],
    form_at: NDArray[np.uint32],
    stem_at: NDArray[np.uint32],
    weights: NDArray[np.float32],
    backgrounds: NDArray[np.float32],
    forms: list[str],
    stems: list[str],
) -> tuple[str, ...]:
    """Choose the salient terms of an article.

    Parameters
    ----------
    title, text
        Words in order, by their numbers.
    table
        What is known of each word (`pipeline.detection.vocabulary.WORD`).
    settings
        Weights and the saturation, as `pipeline.detection.terms` orders them.
    fading
        Share of the lead's weight that is left at each position.
    form_at, stem_at
        Room to count in, which only the compiled loop needs.
    weights, backgrounds
        Where those of the chosen terms go; there are no more terms than there is room.
    forms, stems
        How each word, and each stem, is written.

    Returns
    -------
    tuple[str, ...]
        How the article writes the terms, the most salient first, ties by the spelling of the stem.
    """
    del form_at, stem_at
    found = _read(title, text, table)
    weighed = {number: stem.weight(_Settings(*settings.tolist()), fading) for number, stem in found.items()}
    ranked = sorted((-weighed[number] * stem.idf, stems[number], number) for number, stem in found.items())
    chosen = [number for *_, number in ranked[: len(weights)]]
    weights[: len(chosen)] = [weighed[number] for number in chosen]
    backgrounds[: len(chosen)] = [found[number].background for number in chosen]
    return tuple(found[number].spelling(forms) for number in chosen)


def _read(title: NDArray[np.int64], text: NDArray[np.int64], table: NDArray[np.void]) -> dict[int, _Stem]:
    found: dict[int, _Stem] = {}
    whole = np.concatenate([title, text])
    for position, (word, known) in enumerate(zip(whole.tolist(), table[whole].tolist(), strict=True)):
        _, number, background, idf, is_name, is_number = known
        if number:
            stem = found.get(number)
            if stem is None:
                stem = found[number] = _Stem(position, idf)
            if position < len(title):
                stem.in_title += 1
            else:
                stem.in_text += 1
            stem.capitals += 1 if is_name else -1
            stem.is_number |= is_number
            if background > stem.background:
                stem.background = background
            if idf < stem.idf:
                stem.idf = idf
            stem.words[word] = stem.words.get(word, 0) + 1
    return found
