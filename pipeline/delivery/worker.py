"""One destination's work: choose what it has to get, try, try again, give up. It never waits itself."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tenacity import RetryCallState, Retrying, wait_random_exponential

from pipeline.config import DestinationConfig
from pipeline.delivery.destinations.contract import Destination, Parcel, Refused, Unavailable
from pipeline.delivery.metrics import DeliverMetrics
from pipeline.delivery.queue import Delivery, Numbered, Queue
from pipeline.delivery.quiet import release
from pipeline.delivery.rules import Rule, Subject
from pipeline.events import event_from

_LOG = logging.getLogger(__name__)

_SORTED_AT_ONCE = 500
_SHORTEST_WAIT_SECONDS = 0.5
IDLE_SECONDS = 5.0
"""How long nothing is looked for when nothing waits: dead letters may be replayed by another process."""


class Worker:
    """Works for one destination.

    Parameters
    ----------
    config
        The destination's name, and how long it is tried.
    destination
        Takes the events.
    rules
        Of which one must fire; none: it gets every event.
    queue
        The truth, through a connection of this worker's thread.
    metrics
        Told what happens.
    ladder
        The growth ladder.
    longest_wait_seconds
        Between two attempts.
    """

    def __init__(
        self,
        config: DestinationConfig,
        destination: Destination,
        rules: Sequence[Rule],
        queue: Queue,
        metrics: DeliverMetrics,
        *,
        ladder: Sequence[int],
        longest_wait_seconds: float,
    ) -> None:
        self._name = config.name
        self._give_up_seconds = config.give_up_hours * 3600
        self._destination = destination
        self._rules = rules
        self._queue = queue
        self._metrics = metrics
        self._ladder = ladder
        self._wait = wait_random_exponential(multiplier=1, min=_SHORTEST_WAIT_SECONDS, max=longest_wait_seconds)
        self._starts = queue.starts(config.name)
        self._num_failures = 0
        """Attempts in a row that found the destination unavailable."""
        self._paused_until = 0.0
        self._num_careful = 0
        """Attempts for which parcels still go one by one, since one of them was refused."""

    def step(self, now: float) -> float:
        """Choose from what is new, and make at most one attempt; gives in how many seconds to call again.

        Parameters
        ----------
        now
            The clock, in seconds since 1970.
        """
        if self._sort(now):
            return 0.0
        if now < self._paused_until:
            return min(self._paused_until - now, IDLE_SECONDS)
        most = 1 if self._num_careful or self._num_failures else self._destination.most_at_once
        deliveries = self._queue.due(self._name, now, most)
        if not deliveries:
            next_due = self._queue.next_due(self._name)
            return IDLE_SECONDS if next_due is None else min(max(next_due - now, 0.0), IDLE_SECONDS)
        self._attempt(deliveries, now)
        return 0.0

    def _sort(self, now: float) -> bool:
        events = self._queue.unsorted(self._name, _SORTED_AT_ONCE)
        if not events:
            return False
        with self._queue.transaction():
            num_chosen = sum(self._choose(event, now) for event in events)
            self._queue.mark_sorted(self._name, events[-1].number)
        self._metrics.chosen.labels(self._name).inc(num_chosen)
        return True

    def _choose(self, numbered: Numbered, now: float) -> bool:
        """Add a delivery if one has to be made; tells whether."""
        if numbered.position < self._starts.get(numbered.stream, 0):
            return False
        if not self._rules:
            self._queue.add(self._name, numbered.number, (), now)
            return True
        subject = Subject(event_from(numbered.line), self._ladder)
        story = subject.event.story_id
        fired = [rule for rule in self._rules if rule.fires(subject, self._queue.alerted(self._name, rule.name, story))]
        if not fired:
            return False
        if subject.rung is not None:
            for rule in fired:
                self._queue.mark_alerted(self._name, rule.name, story, subject.rung, now)
        moment = datetime.fromtimestamp(now, UTC)
        due_at = min(release(moment, rule.config) for rule in fired).timestamp()
        self._queue.add(self._name, numbered.number, [rule.name for rule in fired], due_at)
        return True

    def _attempt(self, deliveries: Sequence[Delivery], now: float) -> None:
        numbers = [delivery.number for delivery in deliveries]
        self._num_careful = max(0, self._num_careful - 1)
        begun = time.perf_counter()
        try:
            self._destination.send([Parcel(delivery.line, delivery.rules) for delivery in deliveries])
        except Unavailable as error:
            self._pause(numbers, now, error)
        except Refused as error:
            self._postpone(deliveries, now, str(error))
        except Exception as error:  # a defect must not stop the other destinations, nor this one's other events
            _LOG.exception("destination %s: a defect, please report it", self._name)
            self._postpone(deliveries, now, f"defect: {type(error).__name__}: {error}")
        else:
            self._settle(numbers)
        finally:
            self._metrics.seconds.labels(self._name).observe(time.perf_counter() - begun)

    def _settle(self, numbers: Sequence[int]) -> None:
        self._queue.finish(self._name, numbers)
        self._metrics.delivered.labels(self._name).inc(len(numbers))
        if self._num_failures:
            _LOG.warning("destination %s takes events again", self._name)
        self._num_failures = 0
        self._metrics.failing.labels(self._name).set(0)

    def _pause(self, numbers: Sequence[int], now: float, error: Unavailable) -> None:
        """Leave the destination alone for a while, all of it."""
        if not self._num_failures:
            _LOG.warning("destination %s: %s; trying again", self._name, error)
        self._num_failures += 1
        self._paused_until = now + max(self._backoff(self._num_failures), error.seconds)
        self._metrics.failing.labels(self._name).set(1)
        self._queue.hold(self._name, numbers, now=now, reason=str(error))
        self._note_failure(now)

    def _postpone(self, deliveries: Sequence[Delivery], now: float, reason: str) -> None:
        """Put these back, each for its own while, and let others pass."""
        if len(deliveries) > 1:
            self._num_careful = len(deliveries)  # which of them was it?
            return
        (delivery,) = deliveries
        if not delivery.attempts:
            _LOG.warning("destination %s: %s; trying again", self._name, reason)
        due_at = now + self._backoff(delivery.attempts + 1)
        self._queue.postpone(self._name, delivery.number, now=now, reason=reason, due_at=due_at)
        self._note_failure(now)

    def _note_failure(self, now: float) -> None:
        self._metrics.failed.labels(self._name).inc()
        num_dead = self._queue.bury(self._name, first_before=now - self._give_up_seconds)
        if num_dead:
            _LOG.warning("destination %s: %d given up; see `wirewatch deliver --dead`", self._name, num_dead)
            self._metrics.dead.labels(self._name).inc(num_dead)

    def _backoff(self, attempt: int) -> float:
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        return self._wait(state)
