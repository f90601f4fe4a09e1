"""Sparse vectors of terms: how alike two articles, or two groups of them, are."""

import math

Vector = dict[str, float]
"""Weight of each stem. An article's has length 1, or is empty; the centre of a group is the sum of its articles'."""


def unit(stems: list[str], weights: list[float]) -> Vector:
    """Scale weights to length 1; terms without weight are left out."""
    length = math.sqrt(sum([weight * weight for weight in weights]))
    return {stem: weight / length for stem, weight in zip(stems, weights, strict=True) if weight > 0.0}


def dot(first: Vector, second: Vector) -> float:
    """Multiply two vectors; between two centres, the sum of the cosines of all pairs across them."""
    if len(first) > len(second):
        first, second = second, first
    return sum([weight * second[stem] for stem, weight in first.items() if stem in second])


def add(total: Vector, vector: Vector) -> None:
    """Add a vector to another in place."""
    for stem, weight in vector.items():
        total[stem] = total.get(stem, 0.0) + weight


def heaviest(vector: Vector, most: int) -> list[tuple[str, float]]:
    """List the stems that weigh most, the heaviest first, equals by the alphabet."""
    return sorted(vector.items(), key=lambda item: (-item[1], item[0]))[:most]
