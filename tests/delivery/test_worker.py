"""One destination's work over simulated time: the clock is an argument, the receivers are real."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.config import RuleConfig, SqlConfig, WebhookConfig
from pipeline.delivery.destinations.contract import Destination
from pipeline.delivery.destinations.sql import SqlDestination
from pipeline.delivery.destinations.webhook import WebhookDestination
from pipeline.delivery.feeds import id_of
from pipeline.delivery.metrics import DeliverMetrics
from pipeline.delivery.queue import Queue, Received, open_queue
from pipeline.delivery.rules import Rule
from pipeline.delivery.worker import Worker
from pipeline.records import EventType
from tests.delivery.making import MORNING, SECRET, line
from tests.delivery.receiver import Receiver, answer, close, hang

NOW = MORNING.timestamp()
LADDER = (5, 10)


class Bench:
    """A queue, its workers and a clock that nobody waits for."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.now = NOW
        self.registry = CollectorRegistry()
        self.metrics = DeliverMetrics(self.registry, [])
        self.workers: dict[str, Worker] = {}
        self.destinations: dict[str, Destination] = {}

    def webhook(
        self, name: str, url: str, *rules: RuleConfig, give_up_hours: float = 24.0, timeout_seconds: float = 10.0
    ) -> None:
        config = WebhookConfig(
            name=name,
            url=url,
            allow_private=True,
            timeout_seconds=timeout_seconds,
            give_up_hours=give_up_hours,
            start="beginning",
        )
        environment = {config.variable("secret"): SECRET}
        self.add(config, WebhookDestination(config, environment), *rules)

    def add(self, config: WebhookConfig | SqlConfig, destination: Destination, *rules: RuleConfig) -> None:
        if config.name in self.destinations:
            self.destinations[config.name].close()
        self.destinations[config.name] = destination
        self.queue.enrol([*self.workers, config.name], lambda _: {})
        self.workers[config.name] = Worker(
            config,
            destination,
            [Rule(rule) for rule in rules],
            self.queue,
            self.metrics,
            ladder=LADDER,
            longest_wait_seconds=300,
        )

    def take(self, lines: Sequence[bytes]) -> None:
        self.queue.take([received(number, each) for number, each in enumerate(lines)], self.now)

    def run(self, seconds: float, *names: str) -> None:
        """Let so many seconds of the clock go by."""
        until = self.now + seconds
        while self.now < until:
            self.now += min([self.workers[name].step(self.now) for name in names or self.workers])
        self.now = until

    def value(self, name: str, destination: str) -> float | None:
        return self.registry.get_sample_value(f"wirewatch_deliver_{name}", {"destination": destination})


def received(number: int, each: bytes) -> Received:
    return Received("events", number, number + 1, "", id_of(each), each)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_queue(str(tmp_path / "deliver.db")) as queue:
        bench = Bench(queue)
        yield bench
        for destination in bench.destinations.values():
            destination.close()


def test_each_event_is_delivered_once_and_in_order(bench: Bench, receiver: Receiver) -> None:
    bench.webhook("desk", receiver.url)
    lines = [line(number) for number in range(1, 8)]
    bench.take(lines)
    bench.take([*lines[2:5], line(8)])
    bench.run(10)
    assert [request.body for request in receiver.requests] == [*lines, line(8)]
    assert bench.queue.counts("desk") == (0, 0)
    assert bench.value("events_delivered_total", "desk") == 8


@pytest.mark.parametrize(
    "behaviour",
    [answer(500), answer(302, Location="http://127.0.0.1:1/"), close, hang],
    ids=["500", "302", "gone", "hang"],
)
def test_a_receiver_that_fails_for_ten_minutes_gets_everything_and_delays_nobody(
    bench: Bench, receiver: Receiver, other: Receiver, behaviour: object
) -> None:
    # Of the real clock, so only where it must run out: on a busy machine a sound receiver may need long.
    bench.webhook("failing", receiver.url, timeout_seconds=1.0 if behaviour is hang else 10.0)
    bench.webhook("sound", other.url)
    receiver.behaviour = behaviour  # type: ignore[assignment]
    bench.take([line(number) for number in range(1, 6)])
    bench.run(1, "sound")
    assert len(other.requests) == 5
    bench.run(600, "failing")
    num_attempts = len(receiver.requests)
    assert 5 <= num_attempts <= 5 * 60
    receiver.behaviour = answer(200)
    receiver.requests.clear()
    bench.run(301, "failing")
    assert Counter(receiver.ids()) == dict.fromkeys(other.ids(), 1)
    assert len(other.requests) == 5
    receiver.verify()
    assert bench.queue.counts("failing") == (0, 0)
    assert bench.value("events_dead_total", "failing") is None


def test_a_destination_that_is_gone_is_knocked_at_more_and_more_seldom(bench: Bench, receiver: Receiver) -> None:
    bench.webhook("desk", receiver.url)
    receiver.behaviour = answer(503)
    bench.take([line(number) for number in range(1, 50)])
    bench.run(60)
    first = len(receiver.requests)
    bench.run(3600)
    assert len(set(receiver.ids())) == 1
    assert first < 40
    assert 12 <= len(receiver.requests) - first < 100


def test_one_event_that_is_refused_lets_the_others_pass(bench: Bench, receiver: Receiver) -> None:
    bench.webhook("desk", receiver.url)
    refused = "0000000000000002-1"
    receiver.behaviour = lambda handler: answer(422 if receiver.requests[-1].id == refused else 200)(handler)
    bench.take([line(number) for number in range(1, 5)])
    bench.run(1)
    assert receiver.ids()[:4] == [f"{number:016x}-1" for number in range(1, 5)]
    assert bench.queue.counts("desk") == (1, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_what_cannot_be_delivered_in_time_is_a_dead_letter_and_can_be_replayed(
    bench: Bench, receiver: Receiver, status: int
) -> None:
    bench.webhook("desk", receiver.url, give_up_hours=1)
    receiver.behaviour = answer(status)
    bench.take([line(number) for number in range(1, 4)])
    bench.run(3000)
    assert bench.queue.counts("desk") == (3, 0)
    bench.run(1800)
    assert bench.queue.counts("desk") == (0, 3)
    assert [letter.reason for letter in bench.queue.dead("desk")] == [f"127.0.0.1 answered {status}"] * 3
    assert bench.value("events_dead_total", "desk") == 3
    receiver.behaviour = answer(200)
    receiver.requests.clear()
    bench.run(3600)
    assert receiver.requests == []
    assert bench.queue.revive("desk", bench.now) == 3
    bench.run(400)
    assert Counter(receiver.ids()) == {f"{number:016x}-1": 1 for number in range(1, 4)}
    assert bench.queue.counts("desk") == (0, 0)


def test_a_rule_alerts_once_for_a_rung_also_after_a_restart(bench: Bench, receiver: Receiver) -> None:
    rule = RuleConfig(name="ferries", words=("ferry",))
    bench.webhook("desk", receiver.url, rule)
    bench.take([line(1), line(1, revision=2, type=EventType.SURGED), line(2, title="Storm", keywords=(), mentions=())])
    bench.run(1)
    bench.webhook("desk", receiver.url, rule)
    bench.take([
        line(1, revision=3, type=EventType.SURGED, num_reports=4),
        line(1, revision=4, type=EventType.GREW, num_reports=5),
        line(1, revision=5, type=EventType.SURGED, num_reports=9),
    ])  # fmt: skip
    bench.run(1)
    assert receiver.ids() == ["0000000000000001-1", "0000000000000001-4"]
    assert receiver.requests[0].headers["wirewatch-rules"] == "ferries"


def test_an_event_that_two_rules_ask_for_is_delivered_once_and_names_both(bench: Bench, receiver: Receiver) -> None:
    bench.webhook(
        "desk",
        receiver.url,
        RuleConfig(name="ferries"),
        RuleConfig(name="ports"),
        RuleConfig(name="x", languages=("cs",)),
    )
    bench.take([line(1)])
    bench.run(1)
    assert [request.headers["wirewatch-rules"] for request in receiver.requests] == ["ferries, ports"]


def test_what_happens_in_quiet_hours_comes_at_their_end(bench: Bench, receiver: Receiver) -> None:
    quiet = RuleConfig(name="mornings", quiet_from=time(8), quiet_until=time(9, 30))
    bench.webhook("desk", receiver.url, quiet)
    bench.take([line(1), line(2)])
    bench.run(29 * 60)
    assert receiver.requests == []
    assert bench.queue.counts("desk") == (2, 0)
    bench.run(61)
    assert len(receiver.requests) == 2


class Table:
    """A store as the contract has it, in memory."""

    def __init__(self) -> None:
        self.rows: dict[bytes, int] = {}
        self.calls: list[int] = []
        self.bad: set[bytes] = set()
        self.is_gone = False

    def apply(self, events: Sequence[bytes]) -> None:
        self.calls.append(len(events))
        if self.is_gone:
            raise RuntimeError("no database")
        if self.bad & set(events):
            raise ValueError("event 1 is no story event")
        self.rows |= dict.fromkeys(events, 1)

    def close(self) -> None:
        """Do nothing."""


def test_a_store_takes_many_events_at_once_and_one_that_it_refuses_holds_up_no_other(bench: Bench) -> None:
    table = Table()
    config = SqlConfig(name="store")
    bench.add(config, SqlDestination("sqlite://", lambda _: table))
    lines = [line(number) for number in range(1, 301)]
    table.is_gone = True
    bench.take(lines)
    bench.run(60)
    table.is_gone, table.bad = False, {lines[7]}
    bench.run(400)
    assert table.rows.keys() == set(lines) - {lines[7]}
    assert max(table.calls) == 200
    assert bench.queue.counts("store") == (1, 0)
