"""How soon the stories that people labelled emerge, and how many stories emerge from noise."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from pipeline.records import EventType, StoryEvent


class Delay(NamedTuple):
    """What passed until a labelled story emerged."""

    num_articles: int
    """Its articles up to then, those that were put elsewhere among them."""
    time: timedelta
    """Event time since its first article."""


class Emerged(NamedTuple):
    """What emerged in one order."""

    delays: tuple[Delay, ...]
    """Of the labelled stories that emerged."""
    num_labelled: int
    """Labelled stories, whether they emerged or not."""
    num_told: int
    """Emerged events."""
    num_false: int
    """Emerged events most of whose articles nobody labelled."""


class Emergence(NamedTuple):
    """What emerged, over several orders."""

    share: float
    """Labelled stories that emerged, 0 to 1."""
    false_share: float
    """Emerged events most of whose articles have no label, 0 to 1."""
    articles: tuple[float, float] | None
    """Median and 90th percentile of the articles until a story emerged; none if none did."""
    hours: tuple[float, float] | None
    """The same of the event time."""


def emerged_in(
    labels: Mapping[str, Hashable], articles: Iterable[Mapping[str, Any]], events: Iterable[StoryEvent]
) -> Emerged:
    """Find out when each labelled story emerged.

    A labelled story emerges with the first emerged event of which more than half of the articles are its own.

    Parameters
    ----------
    labels
        Article id to label; what is missing is noise.
    articles
        In streaming order, each with ``id`` and ``observed_at``.
    events
        All story events of the run, in order of time.
    """
    arrivals: dict[Hashable, list[datetime]] = defaultdict(list)
    for article_id, observed_at in {article["id"]: article["observed_at"] for article in articles}.items():
        if article_id in labels:
            arrivals[labels[article_id]].append(datetime.fromisoformat(observed_at))
    moments: dict[Hashable, datetime] = {}
    # What comes off a long-told story may be forgotten article by article: then its event can name none.
    told = [event for event in events if event.type is EventType.EMERGED and event.mentions]
    num_false = 0
    for event in told:
        ids = [mention.article_id for mention in event.mentions]
        label, count = Counter(labels.get(article_id) for article_id in ids).most_common(1)[0]
        if 2 * count > len(ids):
            num_false += label is None
            moments.setdefault(label, event.time)
    delays = tuple(_delay(times, moments[label]) for label, times in arrivals.items() if label in moments)
    return Emerged(delays, len(arrivals), len(told), num_false)


def summarise(runs: Sequence[Emerged]) -> Emergence:
    """Put the runs of several orders together, each story of each order counting once."""
    delays = [delay for run in runs for delay in run.delays]
    num_told = sum(run.num_told for run in runs)
    return Emergence(
        share=len(delays) / sum(run.num_labelled for run in runs),
        false_share=sum(run.num_false for run in runs) / num_told if num_told else 0.0,
        articles=_median_and_p90([delay.num_articles for delay in delays]),
        hours=_median_and_p90([delay.time / timedelta(hours=1) for delay in delays]),
    )


def _delay(times: Sequence[datetime], moment: datetime) -> Delay:
    return Delay(sum(time <= moment for time in times), moment - min(times))


def _median_and_p90(values: Sequence[float]) -> tuple[float, float] | None:
    if not values:
        return None
    median, p90 = np.quantile(values, [0.5, 0.9]).tolist()
    return median, p90
