"""Articles of invented words, so that which of them belong together never hangs on a threshold."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.config import CopyConfig, DetectionConfig, StoryConfig, TimeConfig
from pipeline.detection.detector import Detector, Outcome
from pipeline.detection.packing import Vector, packed
from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.detection.terms import Terms
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article, EventType, Role, StoryEvent

BASE = datetime(2024, 1, 1, tzinfo=UTC)
TICK = 5
HORIZON = 3600
CONFIG = DetectionConfig(
    copies=CopyConfig(shingle_words=5, bands=16, rows=4, threshold=0.6),
    stories=StoryConfig(
        bands=64,
        rows=2,
        prior_articles=1000.0,
        emerge_reports=3,
        emerge_outlets=2,
        growth_ladder=(5, 8),
    ),
    time=TimeConfig(tick_seconds=TICK, horizon_hours=HORIZON / 3600, allowed_lateness_hours=0.5),
    index_depth=64,
    max_admissions=100_000,
)
"""One hour's horizon; a story emerges with 3 reports of 2 outlets and grows at 5 and 8."""

_END = 1 << 62


def sketch_of(
    forms: Sequence[str], *, outlet: str | None = None, observed_at: int = 0, names: Sequence[str] = ()
) -> Sketch:
    """Make the sketch of an article with these terms, which weigh nothing by themselves."""
    nothing = np.zeros(len(forms), np.float16)
    return Sketch(
        article_id="article",
        source="source",
        language="en",
        observed_at=observed_at,
        digest="",
        title="",
        outlet=outlet,
        url=None,
        deleted=False,
        terms=Terms(tuple(forms), nothing, nothing),
        names=tuple(names),
        copy_signature=np.empty(0, np.uint8),
    )


def unit(ids: NDArray[np.uint32], weights: NDArray[np.float64]) -> Vector:
    """Make a vector of length 1."""
    order = np.argsort(ids)
    return packed(ids[order], (weights / np.linalg.norm(weights))[order].astype(np.float32))


def word(*parts: object) -> str:
    """Invent a word that no language has; two of them differ within their first six letters."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return "".join("bcdfghjklmnpqrstvwxz"[byte % 20] + "aeiouy"[byte // 20 % 6] for byte in digest)


@lru_cache(maxsize=4096, typed=True)  # False and 0 are spelt apart below
def text_of(story: object, member: int = 0, version: int = 0) -> str:
    """Write a report: 30 words of the story and 10 of its own, in an order of its own."""
    words = [word("story", story, place) for place in range(30)]
    words += [word("own", story, member, version, place) for place in range(10)]
    random.Random(repr((story, member, version))).shuffle(words)
    return " ".join(words)


@lru_cache(maxsize=4096)
def _sketch(title: str, text: str, deleted: bool, config: DetectionConfig) -> Sketch:
    return sketch_article(
        Article(id="", title=title, text=text, observed_at=BASE, language="en", deleted=deleted), config
    )


def sketch(
    story: object,
    member: int = 0,
    at: float = 0.0,
    *,
    outlet: str | None = None,
    config: DetectionConfig = CONFIG,
    **changes: Any,
) -> Sketch:
    """Sketch report number `member` of a story, seen `at` seconds after `BASE`.

    ``article_id`` is ``story-member``; ``version`` changes the text; ``deleted`` makes a takedown. Other keywords
    replace fields of the sketch.
    """
    version, deleted = changes.pop("version", 0), changes.pop("deleted", False)
    text = "" if deleted else text_of(story, member, version)
    title = "" if deleted else f"{word('title', story, member, version)} {word('story', story, 0)}"
    made = _sketch(title, text, deleted, config)
    place = {"article_id": f"{story}-{member}", "observed_at": micros(at), "outlet": outlet}
    return msgspec.structs.replace(made, **(place | changes))


def copy_of(original: Sketch, article_id: str, at: float, **changes: Any) -> Sketch:
    """Let another outlet run the same text."""
    return msgspec.structs.replace(original, article_id=article_id, observed_at=micros(at), **changes)


def micros(at: float) -> int:
    return ((BASE + timedelta(seconds=at)) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def emerged(story: object = "quake", at: float = 0.0) -> list[Sketch]:
    """Three reports of three outlets, in one tick: a story that emerges."""
    return [sketch(story, member, at, outlet=f"outlet{member}") for member in range(3)]


def run(
    sketches: Iterable[Sketch], config: DetectionConfig = CONFIG, *, close_all: bool = False
) -> tuple[list[StoryEvent], list[Outcome]]:
    return detect_stories(sketches, config, close_all=close_all)


def decide(detector: Detector, *sketches: Sketch) -> list[Outcome]:
    """Observe articles and decide all that waits."""
    for one in sketches:
        detector.observe(one)
    return detector.advance(_END)


def events_of(outcomes: Iterable[Outcome]) -> list[StoryEvent]:
    return [event for outcome in outcomes for event in outcome.events]


def roles(outcomes: Iterable[Outcome]) -> list[Role]:
    return [placement.role for outcome in outcomes for _, placement in outcome.placed]


def types(events: Iterable[StoryEvent]) -> list[EventType]:
    return [event.type for event in events]


def in_json(events: Iterable[StoryEvent]) -> list[bytes]:
    return [event.to_json("urn:x") for event in events]


def told(outcomes: Iterable[Outcome]) -> list[Any]:
    """Bring outcomes into a form that can be compared, events to the byte."""
    return [
        (
            outcome.tick,
            [(article.article_id, article.source, placement) for article, placement in outcome.placed],
            in_json(outcome.events),
            outcome.num_forgotten_early,
            outcome.all_moves(),
        )
        for outcome in outcomes
    ]


@st.composite
def streams(
    draw: st.DrawFn, *, steps: Sequence[float] = (0, 0, 1, 5, 60, 900), most: int = 40, config: DetectionConfig = CONFIG
) -> list[Sketch]:
    """Draw articles in the order of their event time: reports, copies, revisions, repeats and takedowns of few stories.

    Every article has a source of its own, as from a connector.
    """
    at = 0.0
    articles = []
    for place in range(draw(st.integers(0, most))):
        at += draw(st.sampled_from(steps))
        story, member = draw(st.sampled_from("abc")), draw(st.integers(0, 4))
        kind = draw(st.sampled_from(["report"] * 5 + ["copy", "copy", "revision", "takedown"]))
        made = sketch(
            story,
            member,
            at,
            outlet=draw(st.sampled_from([None, "x", "y"])),
            version=int(kind == "revision") and draw(st.integers(1, 2)),
            deleted=kind == "takedown",
            config=config,
        )
        copied = {"article_id": f"copy-{draw(st.integers(0, 5))}"} if kind == "copy" else {}
        articles.append(msgspec.structs.replace(made, source=f"file:{place}", **copied))
    return Stream(articles)


class Stream(list[Sketch]):
    """Articles that show briefly what they are when a property fails."""

    def __repr__(self) -> str:
        shown = [(one.source, one.article_id, one.title, one.observed_at - micros(0), one.outlet) for one in self]
        return "\n".join(map(str, shown))
