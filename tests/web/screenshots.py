"""Take the pictures of the README anew: the sample newswire replayed, loaded and looked at.

.venv/bin/python -m tests.web.screenshots
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, ViewportSize, expect

from tests.running import ROOT
from tests.web.browsing import chromium
from tests.web.serving import served

IMAGES = ROOT / "docs" / "images"
DESK: ViewportSize = {"width": 1040, "height": 640}
PHONE: ViewportSize = {"width": 390, "height": 640}
PICTURES = (
    ("stories-light", "light", DESK, ""),
    ("stories-dark", "dark", DESK, ""),
    ("stories-phone", "light", PHONE, ""),
    ("story-light", "light", {**DESK, "height": 860}, "Three dead"),
)


def main() -> None:
    with TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        with served(folder, f"sqlite:///{folder / 'store.db'}") as server:
            server.store.apply(_sample_events(folder))
            for picture, scheme, size, headline in PICTURES:
                _take(browser, server.address, picture, scheme, size, headline)


def _sample_events(folder: Path) -> list[bytes]:
    events = folder / "events.jsonl"
    command = [sys.executable, "-m", "pipeline.main", "replay", "samples/newswire.jsonl", "--events", str(events)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return events.read_bytes().splitlines()


def _take(browser: Browser, address: str, picture: str, scheme: str, size: ViewportSize, headline: str) -> None:
    """Photograph the list, or the page of the story whose headline begins so, with one explanation opened."""
    page = browser.new_page(color_scheme=scheme, viewport=size)
    page.goto(address)
    if headline:
        page.get_by_role("link", name=headline).click()
        page.locator("summary").nth(1).click()
        page.evaluate("document.activeElement.blur()")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.screenshot(path=IMAGES / f"{picture}.png")
    page.close()


if __name__ == "__main__":
    main()
