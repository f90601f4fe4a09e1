"""The broker that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.kafka.broker import Broker, running_broker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the broker, so that `-m "not kafka"` leaves it out."""
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("kafka")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Return a real, running broker; a test that kills it starts it again."""
    yield from running_broker(tmp_path_factory)
