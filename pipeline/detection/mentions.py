"""Mentions that wait to be told: most of them for an event that never comes, so they wait as bytes."""

import msgspec

from pipeline.detection.clock import from_micros
from pipeline.detection.sketch import Sketch
from pipeline.records import Mention, Role, RunnerUp


class Draft(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a mention will say; it is made when an event tells it."""

    article_id: str
    role: Role
    observed_at: int
    """Microseconds since 1970."""
    title: str
    outlet: str | None
    url: str | None
    similarity: float | None
    terms: tuple[str, ...]
    runner_up: RunnerUp | None
    late: bool

    @classmethod
    def of(
        cls,
        sketch: Sketch,
        role: Role,
        similarity: float | None,
        terms: tuple[str, ...],
        *,
        runner_up: RunnerUp | None = None,
        late: bool = False,
    ) -> "Draft":
        """Draft the mention of an article."""
        said = sketch.article_id, role, sketch.observed_at, sketch.title, sketch.outlet, sketch.url
        return cls(*said, similarity, terms, runner_up, late)

    def mention(self) -> Mention:
        return Mention(
            article_id=self.article_id,
            role=self.role,
            observed_at=from_micros(self.observed_at),
            title=self.title,
            outlet=self.outlet,
            url=self.url,
            similarity=self.similarity,
            terms=self.terms,
            runner_up=self.runner_up,
            late=self.late,
        )


class Untold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A mention that waits for the next event of its story."""

    number: int
    """Mentions are told in the order in which they came about, whatever micro-cluster they are in by then."""
    draft: Draft

    def encoded(self) -> bytes:
        return _ENCODER.encode(self)

    @staticmethod
    def read(encoded: bytes) -> "Untold":
        return _DECODER.decode(encoded)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Untold)
