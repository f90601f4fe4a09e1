"""`wirewatch deliver` as a user runs it, from a file to real receivers."""

import os
import random
import signal
import sqlite3
import time
from itertools import islice
from pathlib import Path

import pytest

from pipeline.delivery.queue import QueueRefused, read_queue
from pipeline.records import EventType
from tests.delivery.delivering import Delivering, wait_until, webhook
from tests.delivery.making import line
from tests.delivery.receiver import Handler, Receiver, Request, answer, close
from tests.kafka.running import ended
from tests.measuring import fetch, free_address, value
from tests.running import Wirewatch

JSONL = 'jsonl = "events.jsonl"'
RULE = '[[deliver.rules]]\nname = "ferries"\nwords = ["ferry"]\ntypes = ["emerged", "grew"]\n'


def write(folder: Path, *lines: bytes) -> None:
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"".join(each + b"\n" for each in lines))


def has_begun(folder: Path) -> bool:
    try:
        with read_queue(str(folder / "wirewatch-deliver.db")) as queue:
            return bool(queue.starts("desk"))
    except (QueueRefused, sqlite3.Error, TypeError):
        return False  # it is being made


def test_what_run_writes_is_delivered_as_it_comes_until_sigterm(tmp_path: Path, receiver: Receiver) -> None:
    write(tmp_path, line(1))
    process = Delivering(tmp_path, JSONL, RULE + webhook(receiver.url, 'rules = ["ferries"]\nstart = "now"')).start()
    wait_until(lambda: has_begun(tmp_path))
    write(tmp_path, line(2), line(3, title="Storm", keywords=(), mentions=()))
    write(tmp_path, line(2, revision=2, type=EventType.GREW, num_reports=5))
    wait_until(lambda: len(receiver.requests) == 2)
    code, _, err = ended(process)
    assert (code, err) == (0, "")
    assert receiver.ids() == ["0000000000000002-1", "0000000000000002-2"]
    receiver.verify()


def test_a_destination_that_is_dead_delays_no_other_and_its_letters_are_replayed(
    tmp_path: Path, receiver: Receiver, other: Receiver
) -> None:
    receiver.behaviour = answer(500)
    more = webhook(receiver.url, 'start = "beginning"\ngive_up_hours = 0.0001') + webhook(other.url, name="sound")
    delivering = Delivering(tmp_path, JSONL, '[deliver]\nstate = "d.db"\n' + more)
    write(tmp_path, *(line(number) for number in range(1, 4)))
    secret = {"WIREWATCH_SOUND_SECRET": os.environ.get("WIREWATCH_SOUND_SECRET", "whsec_" + "A" * 40)}
    done = delivering.run("--until-idle", 1, **secret)
    assert done.returncode == 0, done.stderr
    assert len(other.requests) == 3
    dead = delivering.run("--dead")
    assert [row.split("  ")[:2] for row in dead.stdout.splitlines()] == [
        ["desk", f"{number:016x}-1"] for number in range(1, 4)
    ]
    assert "127.0.0.1 answered 500" in dead.stdout
    assert "127.0.0.1 answered 500; trying again" in done.stderr
    receiver.behaviour = answer(200)
    receiver.requests.clear()
    replayed = delivering.run("--replay-dead", "desk")
    assert replayed.stdout == "3 dead letters of desk are tried again by `wirewatch deliver`\n"
    assert delivering.run("--until-idle", 0.5, **secret).returncode == 0
    assert sorted(receiver.ids()) == [f"{number:016x}-1" for number in range(1, 4)]
    assert len(other.requests) == 3
    assert delivering.run("--dead").stdout == ""


@pytest.mark.parametrize("num_kills", [2, pytest.param(30, marks=pytest.mark.soak)], ids=["two kills", "thirty kills"])
def test_killed_at_random_moments_it_loses_nothing_and_doubles_nothing_by_id(
    tmp_path: Path, receiver: Receiver, num_kills: int
) -> None:
    seed = int(os.environ.get("WIREWATCH_SEED", random.SystemRandom().randrange(10**6)))
    print(f"WIREWATCH_SEED={seed}")
    chance = random.Random(seed)
    failures = (answer(500), answer(503), close)
    numbers = iter(range(1, 60 * num_kills + 1))
    taken: list[Request] = []

    def misbehave(handler: Handler) -> None:
        chosen = chance.random()
        if chosen < 0.05:
            failures[int(chosen * 60)](handler)
        else:
            taken.append(receiver.requests[-1])
            answer(200)(handler)

    receiver.behaviour = misbehave
    delivering = Delivering(tmp_path, JSONL, webhook(receiver.url) + "[deliver]\nlongest_wait_seconds = 1.0\n")
    for _ in range(num_kills):
        write(tmp_path, *(line(number) for number in islice(numbers, 30)))
        num_before = len(receiver.requests)
        process = delivering.start()
        wait_until(lambda before=num_before: len(receiver.requests) > before)
        write(tmp_path, *(line(number) for number in islice(numbers, 30)))
        time.sleep(0.3 * chance.random())
        process.kill()
        process.communicate()
    for _ in range(20):
        done = delivering.run("--until-idle", 1)
        assert done.returncode == 0, (seed, done.stderr)
        with read_queue(str(tmp_path / "wirewatch-deliver.db")) as queue:
            if queue.counts("desk") == (0, 0):
                break
    by_id = {request.id: request.body for request in taken}
    print(f"{len(by_id)} events, {len(receiver.requests)} requests, {len(taken)} of them taken")
    assert by_id == {f"{number:016x}-1": line(number) for number in range(1, 60 * num_kills + 1)}, f"seed {seed}"
    assert all(by_id[request.id] == request.body for request in receiver.requests)
    assert len(taken) <= len(by_id) + num_kills, "a kill repeats at most the one delivery that it cut off"
    receiver.verify()
    num_before = len(receiver.requests)
    delivering.run("--until-idle", 0.5)
    assert len(receiver.requests) == num_before


def test_a_rule_is_tried_on_past_events(tmp_path: Path) -> None:
    rule = RULE + 'quiet_from = 08:00:00\nquiet_until = 11:00:00\ntime_zone = "Europe/Berlin"\n'
    delivering = Delivering(tmp_path, JSONL, rule)
    write(
        tmp_path,
        line(1),
        line(1, revision=2, type=EventType.SURGED, num_reports=6),
        line(1, revision=3, type=EventType.GREW, num_reports=7, headline="Turned \u202e\x1b[31mname"),
        line(1, revision=4, type=EventType.GREW, num_reports=8),
        line(2, title="Storm", keywords=(), mentions=()),
    )
    done = delivering.run("--test-rule", "ferries", "--events", "events.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "0000000000000001-1  Ferry sinks off Grey Heron  A story emerged, 3 reports and 1 copy from 2 outlets, "
        "language en, 2026-11-23 09:00:01 UTC  (held until 2026-11-23 10:00:00 UTC)\n"
        "0000000000000001-3  Turned [31mname  A story grew, 7 reports and 1 copy from 2 outlets, "
        "language en, 2026-11-23 09:00:01 UTC  (held until 2026-11-23 10:00:00 UTC)\n"
        "ferries would have fired for 2 of 5 events\n"
    )
    write(tmp_path, b"garbage")
    broken = delivering.run("--test-rule", "ferries", "--events", "events.jsonl")
    assert broken.returncode == 1
    assert "line 6" in broken.stderr


def test_metrics_and_readiness_are_served(tmp_path: Path, receiver: Receiver) -> None:
    address = free_address()
    delivering = Delivering(tmp_path, JSONL, webhook(receiver.url) + f'[metrics]\nlisten = "{address}"\n')
    process = delivering.start()
    try:
        wait_until(lambda: fetch(address, "/readyz")[0])
        status, reason = fetch(address, "/readyz")
        assert status == 503
        assert "is not there (yet)" in reason
        write(tmp_path, line(1), line(1), line(2), b"garbage")
        wait_until(lambda: value(address, 'wirewatch_deliver_events_delivered_total{destination="desk"}') == 2)
        assert value(address, "wirewatch_deliver_events_received_total") == 2
        assert value(address, "wirewatch_deliver_events_repeated_total") == 1
        assert value(address, "wirewatch_deliver_records_malformed_total") == 1
        assert value(address, 'wirewatch_deliver_events_waiting{destination="desk"}') == 0
        assert fetch(address, "/readyz") == (200, "ready\n")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("output", "more", "arguments", "problem"),
    [
        ("", webhook("http://127.0.0.1:1"), (), "[output] has neither of 'kafka' and 'jsonl'"),
        (JSONL, "", (), "there is nowhere to deliver to"),
        (JSONL, webhook("http://127.0.0.1:1", name="bot"), (), "put whsec_"),
        (JSONL, webhook("http://127.0.0.1:1", 'rules = ["nosuch"]'), (), "there is no such rule"),
        (JSONL, '[[deliver.destinations]]\nkind = "sql"\nname = "st"\nurl = "mysql://x"\n', (), "no address of a supp"),
        (JSONL, RULE, ("--test-rule", "ferry", "--events", "deliver.toml"), "there is no rule 'ferry'"),
        (JSONL, RULE, ("--test-rule", "ferries"), "belong together"),
        (JSONL, RULE, ("--replay-dead", "nobody"), "there is no destination 'nobody'"),
    ],
)
def test_what_cannot_work_is_wrong_usage(
    tmp_path: Path, output: str, more: str, arguments: tuple[str, ...], problem: str
) -> None:
    done = Delivering(tmp_path, output, more).run(*arguments)
    assert done.returncode == 2, done.stderr
    assert problem in " ".join(done.stderr.split())


def test_dead_letters_of_nothing_are_a_failure_with_the_remedy(tmp_path: Path) -> None:
    done = Delivering(tmp_path, JSONL, webhook("http://127.0.0.1:1")).run("--dead")
    assert done.returncode == 1
    assert "nothing was delivered yet" in done.stderr


def test_the_command_loads_neither_the_store_nor_a_broker_to_show_its_help(wirewatch: Wirewatch) -> None:
    assert "--replay-dead DESTINATION" in wirewatch("deliver", "--help").stdout
