"""Receivers that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.delivery.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def other() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()
