"""Each moment between SQLite and the broker at which the sender can die, forced, and what recovery makes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from pipeline.config import KafkaConfig
from pipeline.hosts.embedded.errors import HostFailed, StateRefused, Unreachable
from pipeline.hosts.embedded.kafka_outlet import KafkaOutlet
from pipeline.hosts.embedded.outbox import Row
from tests.kafka.broker import Broker
from tests.kafka.loading import new_topic, records_of

ROWS = [Row(number, "event", b"story", [("ce_id", b"story-%d" % number)], b"%d" % number) for number in range(1, 8)]
LAST = len(ROWS)

MakeOutlet = Callable[..., KafkaOutlet]
Seen = Callable[[], list[int]]


@pytest.fixture
def topic(broker: Broker) -> str:
    return new_topic(broker, "story-events")


@pytest.fixture
def outlet(broker: Broker, topic: str) -> MakeOutlet:
    dead_letters = new_topic(broker, "articles-dead-letters")

    def make(run_id: str, state_id: str = "state", *, forget_cursor: bool = False) -> KafkaOutlet:
        topics = {"event": topic, "dead-letter": dead_letters}
        return KafkaOutlet(
            broker.servers,
            KafkaConfig(),
            topics,  # type: ignore[arg-type]
            name=f"wirewatch.{topic}",
            state_id=state_id,
            run_id=run_id,
            forget_cursor=forget_cursor,
        )

    return make


@pytest.fixture
def seen(broker: Broker, topic: str) -> Seen:
    return lambda: [int(record.value) for record in records_of(broker, topic)]


def go_on(outlet: KafkaOutlet, sent: int = 0) -> int:
    """Recover and tell the rest; gives the number from which it went on."""
    number = outlet.open(sent, LAST).number
    rest = [row for row in ROWS if row.number > number]
    if rest:
        outlet.tell(rest, LAST)
    outlet.close()
    return number


def test_killed_before_a_transaction_began_the_rows_are_told(outlet: MakeOutlet, seen: Seen) -> None:
    first = outlet("first")
    first.open(0, LAST)
    first.tell(ROWS[:3], 3)
    # No `close`: a process that is killed says no farewell.
    assert go_on(outlet("second"), sent=3) == 3
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_killed_inside_a_transaction_consumers_never_see_it(outlet: MakeOutlet, seen: Seen) -> None:
    first = outlet("first")
    first.open(0, LAST)
    first.tell(ROWS[:3], 3)
    assert first._producer is not None
    first._producer.begin_transaction()
    for row in ROWS[3:]:
        first._producer.send(first._topics[row.kind], key=row.key, value=row.value, headers=row.headers)
    first._producer.flush()
    assert go_on(outlet("second"), sent=3) == 3
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_killed_after_the_commit_and_before_sqlite_knows_the_cursor_counts(outlet: MakeOutlet, seen: Seen) -> None:
    first = outlet("first")
    first.open(0, LAST)
    first.tell(ROWS[:5], 5)
    assert go_on(outlet("second"), sent=0) == 5
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_a_zombie_is_fenced_and_says_who_took_over(outlet: MakeOutlet, seen: Seen) -> None:
    zombie, successor = outlet("zombie"), outlet("successor")
    zombie.open(0, LAST)
    successor.open(0, LAST)
    with pytest.raises(Unreachable):
        zombie.tell(ROWS[:3], 3)
    with pytest.raises(HostFailed, match=r"another run \(successor\) has taken over"):
        zombie.open(0, LAST)
    successor.tell(ROWS, LAST)
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_one_whose_transaction_the_broker_gave_up_goes_on(outlet: MakeOutlet, seen: Seen) -> None:
    """The broker fences a producer that took too long as it fences a zombie; nobody else has taken over, though."""
    slow = outlet("slow")
    slow.open(0, LAST)
    slow.tell(ROWS[:3], 3)
    other = slow._connected()
    other.init_transactions()
    other.close()
    with pytest.raises(Unreachable):
        slow.tell(ROWS[3:], LAST)
    assert go_on(slow) == 3
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_a_cursor_that_the_broker_forgot_is_replaced_by_what_sqlite_knows(
    broker: Broker, topic: str, outlet: MakeOutlet, seen: Seen
) -> None:
    first = outlet("first")
    first.open(0, LAST)
    first.tell(ROWS[:5], 5)
    first.close()
    admin = KafkaAdminClient(bootstrap_servers=broker.servers)
    try:
        admin.delete_groups([f"wirewatch.{topic}"])
    finally:
        admin.close()
    # Rows 4 and 5 are what lay between the last two steps: told twice, never lost.
    assert go_on(outlet("second"), sent=3) == 3
    assert seen() == [1, 2, 3, 4, 5, 4, 5, 6, 7]


def test_an_old_backup_is_refused_with_both_numbers(outlet: MakeOutlet, seen: Seen) -> None:
    assert go_on(outlet("first")) == 0
    with pytest.raises(StateRefused, match=r"at the broker is 7, but the outbox of this state ends at 4"):
        outlet("second").open(2, 4)
    forgetful = outlet("third", forget_cursor=True)
    assert forgetful.open(2, 4).number == 2
    assert outlet("fourth").open(2, 4).number == 2
    assert seen() == [1, 2, 3, 4, 5, 6, 7]


def test_the_cursor_of_another_state_is_refused(outlet: MakeOutlet) -> None:
    go_on(outlet("first"))
    with pytest.raises(StateRefused, match=r"is 7 of state state, but this is state other, whose outbox ends at 9"):
        outlet("second", "other").open(0, 9)


def test_a_row_that_the_topic_does_not_take_is_named(
    broker: Broker, tmp_path: Path, topic: str, outlet: MakeOutlet
) -> None:
    import os

    first = outlet("first")
    first.open(0, LAST)
    large = Row(1, "event", b"story", [], os.urandom(3 << 20))
    with pytest.raises(HostFailed, match=r"row 1 of the outbox \(event\) has 3145728 bytes, more than topic") as failed:
        first.tell([large], 1)
    assert not isinstance(failed.value, Unreachable)
