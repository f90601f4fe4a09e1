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
    heard: int = 0
    """When it was last heard of: as `last_seen`, but for what comes late the end of the last tick decided."""
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
        return self._dot(vector) / math.sqrt(self.squared_norm) if self.num_reports and self.squared_norm else 0.0

    def matches(self, vector: Vector) -> list[tuple[float, str]]:
        """List what each shared stem adds to the dot product, as ``(-amount, stem)``, the greatest first."""
        return sorted((-weight * self.centre[stem], stem) for stem, weight in vector.items() if stem in self.centre)

    def add_report(self, vector: Vector, forms: dict[str, str], outlet: str | None, observed_at: int) -> None:
        self._put_in(vector)
        for stem, form in forms.items():
            self.forms.setdefault(stem, form)
        self._trim()
        self._count_report(outlet, 1)
        recent = [*self.recent, observed_at]
        begin = max(recent) - _HOUR
        self.recent = [moment for moment in recent if moment > begin]

    def remove_report(self, vector: Vector, outlet: str | None, observed_at: int) -> None:
        self._take_out(vector)
        self._count_report(outlet, -1)
        if observed_at in self.recent:
            self.recent.remove(observed_at)

    def replace_report(self, old: Vector, new: Vector, forms: dict[str, str]) -> None:
        self._take_out(old)
        self._put_in(new)
        for stem, form in forms.items():
            self.forms.setdefault(stem, form)
        self._trim()

    def move_outlet(self, old: str | None, new: str | None) -> None:
        """Let a report count for another outlet."""
        self._count_report(old, -1)
        self._count_report(new, 1)

    def tell(self, mention: Mention, most: int) -> None:
        """Keep a mention for the next event; beyond `most` only its number is kept."""
        if len(self.untold) < most:
            self.untold.append(mention)
        else:
            self.num_omitted += 1

    def _dot(self, vector: Vector) -> float:
        centre = self.centre
        return sum([weight * centre[stem] for stem, weight in vector.items() if stem in centre])

    def _put_in(self, vector: Vector) -> None:
        squares = sum([weight * weight for weight in vector.values()])
        self.squared_norm = self.squared_norm + squares + 2.0 * self._dot(vector)
        for stem, weight in vector.items():
            self.centre[stem] = self.centre.get(stem, 0.0) + weight

    def _take_out(self, vector: Vector) -> None:
        # The idf has moved since the vector went in, and the centre may have been cut: what is left is no exact rest.
        for stem, weight in vector.items():
            left = self.centre.pop(stem, 0.0) - weight
            if left > 0.0:
                self.centre[stem] = left
            else:
                self.forms.pop(stem, None)
        self.squared_norm = sum(weight * weight for weight in self.centre.values())

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
    length = math.sqrt(sum([weight * weight for weight in weights]))
    return {stem: weight / length for stem, weight in zip(stems, weights, strict=True) if weight > 0.0}
