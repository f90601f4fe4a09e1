"""Servers and browsers for the tests of the live page."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.web.browsing import chromium, find_chromium
from tests.web.serving import Served, served

Serve = Callable[..., Served]
"""Starts a server with more lines of configuration; it ends with the test."""


@pytest.fixture
def serve(tmp_path: Path, sqlite_url: str) -> Iterator[Serve]:
    with ExitStack() as running:

        def start(*lines: str, url: str = sqlite_url, **environment: str) -> Served:
            return running.enter_context(served(tmp_path, url, *lines, **environment))

        yield start


# Of the module, not of the session: while it runs, no other test could run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a real Chromium without a window."""
    if find_chromium() is None:
        pytest.skip("needs a browser: Chromium (Debian: apt-get install chromium)")
    with chromium() as running:
        yield running
