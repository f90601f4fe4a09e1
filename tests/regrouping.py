"""Articles of two fires told apart by few words: second looks move reports between their stories and merge them."""

import random
from datetime import timedelta

import msgspec

from pipeline.detection.sketch import Sketch, sketch_article
from pipeline.hosts.in_memory import detect_stories
from pipeline.records import Article, EventType, Role, StoryEvent
from tests.detection.making import BASE, CONFIG, word

_SEED = 90
"""One for which the detector merges and moves; if it does so no more, look for another."""

# All that linkage asks, written out: tuning the defaults must not change these events.
_STORIES = msgspec.structs.replace(
    CONFIG.stories,
    micro_threshold=0.38,
    micro_crowd_factor=2.0,
    cohesion_share=0.55,
    share_growth=0.15,
    most_share=0.8,
    short_share=0.42,
    prior_cohesion=0.11,
    prior_pairs=3.0,
    least_likeness=0.06,
    crowd_factor=2.5,
    idf_exponent=0.6,
)
_CONFIG = msgspec.structs.replace(CONFIG, stories=_STORIES)


def regrouped_events() -> list[StoryEvent]:
    """Give the events of the detector on those articles: among them a move and a merge."""
    events, _ = detect_stories(_articles(), _CONFIG, close_all=True)
    assert any(mention.role is Role.MOVED for event in events for mention in event.mentions)
    assert any(event.type is EventType.MERGED for event in events)
    return events


def regrouped_lines() -> list[bytes]:
    return [event.to_json("urn:test") for event in regrouped_events()]


def _articles() -> list[Sketch]:
    random_ = random.Random(_SEED)
    return [_article(number, random_) for number in range(random_.randint(8, 16))]


def _article(number: int, random_: random.Random) -> Sketch:
    """Write a report that takes some of its words from the one fire, and some from the other."""
    share = random_.random()
    of_one = [word("story", "a", place) for place in random_.sample(range(30), int(24 * share))]
    of_other = [word("story", "b", place) for place in random_.sample(range(30), int(24 * (1 - share)))]
    own = [word("own", number, place) for place in range(random_.choice([4, 10, 20]))]
    words = [*of_one, *of_other, *own]
    random_.shuffle(words)
    return sketch_article(
        Article(
            id=f"art-{number}",
            title=" ".join(words[:4]),
            text=" ".join(words),
            observed_at=BASE + timedelta(minutes=number),
            language="en",
            outlet=f"outlet{number % 4}",
        ),
        _CONFIG,
    )
