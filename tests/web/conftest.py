"""Servers and browsers for the tests of the live page."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.web.serving import Served, served

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

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
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("needs a browser: Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as whom containers run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
