"""Every statement of a batch's transaction is a place to die: what comes out is the same."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config
from pipeline.hosts.embedded.engine import Engine
from pipeline.hosts.embedded.state import State, open_state
from tests.hosts.making import (
    ARCHIVE,
    PARTITION,
    drain,
    engine,
    expected_lines,
    items,
    newswire,
    outbox_lines,
    short_delay,
    with_rules,
)

STEP = 7


class Died(BaseException):
    """Stands for the end of the process."""


class Dying:
    """A connection that raises before its statement number `at`, counted from when it is armed."""

    def __init__(self, connection: sqlite3.Connection, error: type[BaseException]) -> None:
        self._connection = connection
        self._error = error
        self.left: int | None = None

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        self._count()
        return self._connection.execute(statement, *parameters)

    def executemany(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        self._count()
        return self._connection.executemany(statement, *parameters)

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise self._error("forced")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def read_all(host: Engine, state: State, before_each: Callable[[], None] = lambda: None) -> None:
    """Read from wherever the state says until the end, as the loop does."""
    raws = newswire()
    while (position := state.positions().get(PARTITION, (0, ""))[0]) < len(raws):
        before_each()
        host.take(items(raws[position : position + STEP], position), [PARTITION], {})
        while host.has_due:
            host.decide()
    drain(host)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


@pytest.mark.parametrize("config", [ARCHIVE, short_delay()], ids=["all waits", "due at once"])
def test_undisturbed_it_tells_what_the_detector_tells_in_the_order_of_a_file(path: str, config: Config) -> None:
    with open_state(path, config.detection) as state:
        read_all(engine(state, config), state)
        told = outbox_lines(state)
    assert len(told) >= 20
    assert told == expected_lines(newswire())


@pytest.mark.parametrize("seed", range(4))
def test_a_process_that_dies_at_any_statement_and_starts_again_tells_the_same(path: str, seed: int) -> None:
    config, chance, num_deaths = short_delay(), random.Random(seed), 0
    for _ in range(1000):
        with open_state(path, config.detection) as state:
            dying = Dying(state.connection, Died)
            state.connection = dying  # type: ignore[assignment]
            host = engine(state, config)
            dying.left = chance.randrange(120)
            try:
                read_all(host, state)
                break
            except Died:
                num_deaths += 1
                # A dead process rolls back nothing and reloads nothing: the file alone must do.
                dying.left = None
    assert num_deaths >= 5
    with open_state(path, config.detection) as state:
        assert outbox_lines(state) == expected_lines(newswire())


def test_an_exception_at_each_statement_of_one_batch_leaves_memory_and_file_as_before(path: str) -> None:
    config, raws = short_delay(), newswire()
    with open_state(path, config.detection) as state:
        dying = Dying(state.connection, sqlite3.OperationalError)
        state.connection = dying  # type: ignore[assignment]
        host = engine(state, config)
        host.take(items(raws[:60]), [PARTITION], {})
        num_failures = 0
        while True:
            before = list(state.connection.iterdump())
            dying.left = num_failures
            try:
                host.take(items(raws[60:64], 60), [PARTITION], {})
                break
            except sqlite3.OperationalError:
                num_failures += 1
                dying.left = None
                assert list(state.connection.iterdump()) == before
        assert num_failures > 20
        assert dying.left is not None
        dying.left = None
        read_all(host, state)
        assert outbox_lines(state) == expected_lines(raws)


def test_a_step_that_fails_and_is_tried_again_in_the_same_process_tells_the_same(path: str) -> None:
    config, raws, chance = short_delay(), newswire(), random.Random(7)
    with open_state(path, config.detection) as state:
        dying = Dying(state.connection, sqlite3.OperationalError)
        state.connection = dying  # type: ignore[assignment]
        host = engine(state, config)
        while (position := state.positions().get(PARTITION, (0, ""))[0]) < len(raws):
            dying.left = chance.randrange(300)
            try:
                host.take(items(raws[position : position + STEP], position), [PARTITION], {})
                while host.has_due:
                    host.decide()
            except sqlite3.OperationalError:
                pass
            dying.left = None
        drain(host)
        assert outbox_lines(state) == expected_lines(raws)
        assert host.counts["articles"] == len(raws)


def test_new_rules_of_emergence_are_taken_over_by_all_languages_or_by_none(path: str) -> None:
    old = short_delay()
    new, raws, half = with_rules(old, emerge_reports=2, growth_ladder=(3, 4, 6)), newswire(), 60
    with open_state(path, old.detection) as state:
        host = engine(state, old)
        host.take(items(raws[:half]), [PARTITION], {})
        while host.has_due:
            host.decide()
        told = outbox_lines(state)
        assert len(state.languages()) >= 2
    copy = shutil.copy(path, f"{path}.copy")
    with open_state(copy, new.detection) as state:
        read_all(engine(state, new), state)
        expected = outbox_lines(state)
    assert expected[: len(told)] == told != []
    assert len(expected) > len(expected_lines(raws))
    num_deaths = 0
    while True:
        with open_state(path, new.detection) as state:
            before = list(state.connection.iterdump())
            dying = Dying(state.connection, Died)
            state.connection = dying  # type: ignore[assignment]
            dying.left = num_deaths
            try:
                host = engine(state, new)
            except Died:
                num_deaths += 1
                assert list(state.connection.iterdump()) == before
                continue
            dying.left = None
            read_all(host, state)
            assert outbox_lines(state) == expected
            break
    assert num_deaths > 20
