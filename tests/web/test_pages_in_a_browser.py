"""The pages in a real Chromium: live, by keyboard, for everybody, and harmless whatever they show."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from pipeline.records import EventType, Role, RunnerUp, StoryStatus
from pipeline.store import Store
from tests.running import free_ports
from tests.store.making import START, event, merged, report, story_id
from tests.web.conftest import Serve
from tests.web.serving import Served, served

pytestmark = pytest.mark.browser

PHONE = {"width": 320, "height": 640}
HOSTILE = [
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">",
    "Invoice \u202egnp.exe\u202c\u2066 \u2067 \u200f end",
    "W" * 10_000,
    "null \x00 bell \x07 escape \x1b[31m delete \x7f high \x9b",
    "{{ 7 * 7 }} ${7 * 7} '\"`",
]

Open = Callable[..., Page]
"""Opens a page; what breaks in it, or asks another host, fails the test."""


@pytest.fixture
def running(serve: Serve) -> Served:
    return serve()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with stories of every kind, for tests that only look."""
    folder = tmp_path_factory.mktemp("filled")
    with served(folder, f"sqlite:///{folder / 'store.db'}") as server:
        fill(server.store)
        yield server


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def start(server: Served, path: str = "/", **options: Any) -> Page:
        def check_host(request: Request) -> None:
            if not request.url.startswith(server.address):
                wrong.append(request.url)

        context = browser.new_context(base_url=server.address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("console", lambda message: wrong.append(message.text) if "Security Policy" in message.text else None)
        page.on("request", check_host)
        page.goto(path)
        return page

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


def fill(store: Store) -> None:
    """Store stories of every kind."""
    second = RunnerUp(story_id(2), 0.31)
    store.apply(
        [
            event(
                1,
                1,
                report("a", 1),
                report("b", 4, similarity=0.62, terms=("keel", "reef"), runner_up=second, late=True),
                report("c", 6, role=Role.COPY, similarity=0.93),
                report("a", 7, role=Role.REVISION, title="Revised"),
            ),
            event(1, 2, report("d", 12), report("d", 15, role=Role.TAKEDOWN), surge_score=4.2),
            event(2, 1, report("e"), headline="Ο φάρος έσβησε", language="el", keywords=("φάρος",)),
            event(3, 1, headline="منارة تنطفئ في الميناء", language="ar", keywords=("منارة",)),
            event(4, 2, type=EventType.CLOSED, status=StoryStatus.CLOSED),
        ]
    )


def test_a_story_appears_and_grows_while_it_is_watched(open_page: Open, running: Served) -> None:
    running.store.apply([event(1)])
    page = open_page(running)
    expect(page.locator("#live-state")).to_have_text("Live")
    page.evaluate("window.notReloaded = true")
    page.get_by_role("link", name="Lighthouse 1 goes dark").focus()

    running.store.apply([event(2, 1, headline="Bridge raised for no ship", time=event_time(30))])
    expect(page.locator(".story h2")).to_have_text(["Bridge raised for no ship", "Lighthouse 1 goes dark, 1"])
    expect(page.locator("#announcements")).to_have_text("New: Bridge raised for no ship")
    expect(page.get_by_role("link", name="Lighthouse 1 goes dark")).to_be_focused()

    running.store.apply([event(1, 2, num_reports=5, time=event_time(40))])
    expect(page.locator(".story h2").first).to_have_text("Lighthouse 1 goes dark, 2")
    expect(page.locator(".count strong").first).to_have_text("5")
    expect(page.locator("#announcements")).to_have_text("Now 5 reports: Lighthouse 1 goes dark, 2")
    expect(page.get_by_role("link", name="Lighthouse 1 goes dark")).to_be_focused()

    running.store.apply([event(1, 3, type=EventType.CLOSED, status=StoryStatus.CLOSED)])
    expect(page.locator(".story")).to_have_count(1)
    assert page.evaluate("window.notReloaded") is True


def event_time(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def test_a_story_that_does_not_match_the_filter_does_not_appear(open_page: Open, running: Served) -> None:
    page = open_page(running, "/?words=bridge")
    expect(page.locator("#live-state")).to_have_text("Live")
    running.store.apply([event(1), event(2, 1, headline="Bridge raised")])
    expect(page.locator(".story h2")).to_have_text(["Bridge raised"])


def test_a_storys_page_grows_and_keeps_what_was_opened(open_page: Open, running: Served) -> None:
    running.store.apply([event(1, 1, report("a"), report("b", 2, similarity=0.4))])
    page = open_page(running, f"/stories/{story_id(1)}")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.locator("summary").nth(1).click()
    running.store.apply([event(1, 2, report("c", 12), headline="Lighthouse lit again")])
    expect(page.locator("h1")).to_have_text("Lighthouse lit again")
    expect(page.locator(".mentions").first.locator(".mention")).to_have_count(3)
    assert page.locator("details").evaluate_all("all => all.map(each => each.open)") == [False, True, False]
    expect(page.locator("summary").nth(1)).to_be_focused()


def test_a_story_that_is_merged_while_it_is_watched_leads_on(open_page: Open, running: Served) -> None:
    running.store.apply([event(1), event(2)])
    page = open_page(running, f"/stories/{story_id(1)}")
    expect(page.locator("#live-state")).to_have_text("Live")
    running.store.apply([merged(1, into=2)])
    page.wait_for_url(f"**/stories/{story_id(2)}")


def test_paused_nothing_moves_and_then_all_is_caught_up(open_page: Open, running: Served) -> None:
    page = open_page(running)
    expect(page.locator("#live-state")).to_have_text("Live")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live-state")).to_have_text("Paused")
    running.store.apply([event(1)])
    page.wait_for_timeout(1500)
    expect(page.locator(".story")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".story")).to_have_count(1)


def test_what_cannot_be_answered_just_now_is_asked_for_again(open_page: Open, running: Served) -> None:
    page = open_page(running)
    expect(page.locator("#live-state")).to_have_text("Live")
    page.route("**/", lambda route: route.fulfill(status=503))
    running.store.apply([event(1)])
    expect(page.locator("#live-state")).to_have_text("Reconnecting")
    page.unroute("**/")
    expect(page.locator(".story")).to_have_count(1)
    expect(page.locator("#live-state")).to_have_text("Live")


def test_a_server_that_comes_back_is_found_again(browser: Browser, serve: Serve) -> None:
    port = free_ports(1)
    first = serve(f"port = {port}")
    page = browser.new_page()
    page.goto(first.address)
    expect(page.locator("#live-state")).to_have_text("Live")
    first.process.kill()
    first.process.wait()
    expect(page.locator("#live-state")).to_have_text("Reconnecting")
    first.store.apply([event(1)])
    serve(f"port = {port}")
    expect(page.locator(".story")).to_have_count(1)
    page.close()


def test_everything_can_be_done_by_keyboard(open_page: Open, filled: Served) -> None:
    page = open_page(filled)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the stories")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Words"))
    page.keyboard.type("lighthouse")
    tab_to(page, page.get_by_label("Reports, at least"))
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=lighthouse**min_reports=4**")
    expect(page.locator(".story")).to_have_count(1)
    tab_to(page, page.get_by_role("link", name="Lighthouse 1 goes dark, 2"))
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/stories/{story_id(1)}")
    tab_to(page, page.locator("summary").nth(1))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Terms that matched")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Ο φάρος έσβησε"))


def tab_to(page: Page, wanted: Any) -> None:
    """Press Tab until something has the focus."""
    for _ in range(40):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"40 tabs do not lead to {wanted}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/?status=all&words=lighthouse", f"/stories/{story_id(1)}", "/stories/x", "/?words=nothing"]
)
def test_axe_finds_no_fault(open_page: Open, filled: Served, path: str, scheme: str) -> None:
    page = open_page(filled, path, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", ["/?status=all", f"/stories/{story_id(1)}", "/stories/x"])
def test_nothing_is_cut_off_on_a_small_phone(open_page: Open, filled: Served, path: str) -> None:
    page = open_page(filled, path, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_without_scripts_the_pages_still_say_all(open_page: Open, filled: Served) -> None:
    page = open_page(filled, "/?status=all", java_script_enabled=False)
    expect(page.locator(".story")).to_have_count(4)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_label("Words").fill("lighthouse")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".story")).to_have_count(2)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_text_is_shown_harmlessly(open_page: Open, store_url: str, serve: Serve, text: str) -> None:
    server = serve(url=store_url)
    url = f"javascript:alert('{text[:100]}')"
    mention = report(text, title=text, outlet=text, url=url, terms=(text,), similarity=0.5)
    server.store.apply([event(1, 1, mention, headline=text, keywords=(text,))])
    for path in ("/", f"/stories/{story_id(1)}"):
        page = open_page(server, path, viewport=PHONE)
        expect(page.locator("#live-state")).to_have_text("Live")
        for summary in page.locator("summary").all():
            summary.click()
        assert page.title() != "owned"
        assert page.locator("main script, main img").count() == 0
        assert page.locator("main a:not([href^='/']):not([href^='?'])").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert not set(page.locator("body").inner_text()) & set("\x00\x07\x1b\x7f\x9b\u202e\u2066\u2067")


def test_a_title_of_ten_thousand_characters_is_shown_whole_on_its_page(open_page: Open, running: Served) -> None:
    running.store.apply([event(1, headline="W" * 10_000)])
    assert len(open_page(running, f"/stories/{story_id(1)}").locator("h1").inner_text()) == 10_000
    assert len(open_page(running, "/").locator(".story h2").inner_text()) == 300
