"""One story: its centre among terms, its counts, and what has not yet been told of it."""

import math

import msgspec

from pipeline.records import Mention

Vector = dict[str, float]
"""Weight of each stem of an article, of length 1 (or empty)."""

_MOST_STEMS = 512
_KEPT_STEMS = 256
_HOUR = 3_600_000_000


class Story(msgspec.Struct, gc=False):
    """What detection keeps of a story. Times are microseconds since 1970; all fields are written to state."""

    id: str
    language: str
    first_seen: int
    last_seen: int
    centre: dict[str, float] = {}
    """Sum of the reports' vectors, cut to its weightiest stems."""
    forms: dict[str, str] = {}
    """How each stem of the centre was first written."""
    squared_norm: float = 0.0
    num_reports: int = 0
    num_copies: int = 0
    outlets: dict[str, int] = {}
    """Reports of each known outlet."""
    num_unknown_outlets: int = 0
    """Reports without an outlet: each counts as an outlet of its own."""
    recent: list[int] = []
    """Event times of the reports of the last hour."""
    headline: str = ""
    reports: list[int] = []
    """Index numbers of the newest reports, candidates for the headline."""
    untold: list[Mention] = []
    """Mentions since the last event."""
    num_omitted: int = 0
    """Mentions since the last event beyond those kept."""
    revision: int = 0
    rung: int = 0
    """Rungs of the growth ladder that have been told."""

    @property
    def num_outlets(self) -> int:
        return len(self.outlets) + self.num_unknown_outlets

    @property
    def has_emerged(self) -> bool:
        return self.revision > 0

    def score(self, vector: Vector) -> float:
        """Give the cosine of an article and the story's centre, 0 to 1; 0 for a story without reports."""
        return self._dot(vector) / math.sqrt(self.squared_norm) if self.squared_norm > 0.0 else 0.0

    def matches(self, vector: Vector) -> list[tuple[float, str]]:
        """List what each shared stem adds to the dot product, as ``(-amount, stem)``, the greatest first."""
        return sorted((-weight * self.centre[stem], stem) for stem, weight in vector.items() if stem in self.centre)

    def add_report(self, vector: Vector, forms: dict[str, str], outlet: str | None, observed_at: int) -> None:
        self._shift(vector, 1.0)
        for stem, form in forms.items():
            self.forms.setdefault(stem, form)
        self._trim()
        self._count_report(outlet, 1)
        self.recent = [moment for moment in self.recent if moment > observed_at - _HOUR]
        self.recent.append(observed_at)

    def remove_report(self, vector: Vector, outlet: str | None) -> None:
        self._shift(vector, -1.0)
        self._count_report(outlet, -1)

    def replace_report(self, old: Vector, new: Vector, forms: dict[str, str]) -> None:
        self._shift(old, -1.0)
        self._shift(new, 1.0)
        for stem, form in forms.items():
            self.forms.setdefault(stem, form)
        self._trim()

    def tell(self, mention: Mention, most: int) -> None:
        """Keep a mention for the next event; beyond `most` only its number is kept."""
        if len(self.untold) < most:
            self.untold.append(mention)
        else:
            self.num_omitted += 1

    def _dot(self, vector: Vector) -> float:
        centre = self.centre
        return sum(weight * centre[stem] for stem, weight in vector.items() if stem in centre)

    def _shift(self, vector: Vector, sign: float) -> None:
        squares = sum(weight * weight for weight in vector.values())
        self.squared_norm = max(0.0, self.squared_norm + squares + sign * 2.0 * self._dot(vector))
        for stem, weight in vector.items():
            self.centre[stem] = self.centre.get(stem, 0.0) + sign * weight

    def _trim(self) -> None:
        if len(self.centre) <= _MOST_STEMS:
            return
        kept = sorted(self.centre.items(), key=lambda item: (-item[1], item[0]))[:_KEPT_STEMS]
        self.centre = dict(kept)
        self.forms = {stem: self.forms[stem] for stem, _ in kept}
        self.squared_norm = sum(weight * weight for _, weight in kept)

    def _count_report(self, outlet: str | None, by: int) -> None:
        self.num_reports += by
        if outlet is None:
            self.num_unknown_outlets += by
            return
        self.outlets[outlet] = self.outlets.get(outlet, 0) + by
        if not self.outlets[outlet]:
            del self.outlets[outlet]


def unit(stems: list[str], weights: list[float]) -> Vector:
    """Scale weights to length 1; terms without weight are left out."""
    length = math.sqrt(sum(weight * weight for weight in weights))
    return {stem: weight / length for stem, weight in zip(stems, weights, strict=True) if weight > 0.0}
