"""The server from outside: who is let in, what every answer carries, and how it ends."""

import base64
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.postgres import Postgres
from tests.running import Wirewatch, free_ports
from tests.store.making import event, merged, report, story_id
from tests.web.conftest import Serve
from tests.web.serving import Served, served

TOKEN = "a-long-and-secret-token"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server for tests that only read: stories 1 and 2, and 3 that was merged into 2."""
    folder = tmp_path_factory.mktemp("site")
    with served(folder, f"sqlite:///{folder / 'store.db'}") as running:
        running.store.apply([event(1, 1, report("a")), event(2, 1, report("b")), event(3), merged(3, into=2)])
        yield running


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "news.example"])
def test_without_a_token_it_listens_only_to_this_machine(wirewatch: Wirewatch, tmp_path: Path, host: str) -> None:
    (tmp_path / "serve.toml").write_text(f'[serve]\nhost = "{host}"\n')
    refused = wirewatch("serve", "--config", "serve.toml")
    assert refused.returncode == 2
    assert repr(host) in refused.stderr
    assert "WIREWATCH_SERVE_TOKEN" in refused.stderr


def test_a_token_that_can_be_guessed_is_refused(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short\n")
    (tmp_path / "serve.toml").write_text('[serve]\ntoken_file = "token"\n')
    refused = wirewatch("serve", "--config", "serve.toml")
    assert (refused.returncode, "5 characters" in refused.stderr) == (2, True)


def test_a_token_file_that_is_not_there_is_named(wirewatch: Wirewatch, tmp_path: Path) -> None:
    (tmp_path / "serve.toml").write_text('[serve]\ntoken_file = "missing"\n')
    assert "'missing' cannot be read" in wirewatch("serve", "--config", "serve.toml").stderr


def test_a_port_that_is_taken_is_named(wirewatch: Wirewatch, tmp_path: Path, site: Served) -> None:
    port = urllib3.util.parse_url(site.address).port
    (tmp_path / "serve.toml").write_text(f"[serve]\nport = {port}\n")
    refused = wirewatch("serve", "--config", "serve.toml")
    assert refused.returncode == 1
    assert f"cannot listen on '127.0.0.1', port {port}" in refused.stderr


@pytest.mark.parametrize(
    "path", ["/", "/api/stories", "/feed.atom", "/static/live.js", "/openapi.json", "/live", "/no"]
)
def test_nothing_is_shown_without_the_token(serve: Serve, path: str) -> None:
    guarded = serve('host = "0.0.0.0"', WIREWATCH_SERVE_TOKEN=TOKEN)
    guarded.address = guarded.address.replace("0.0.0.0", "127.0.0.1")
    refused = guarded.get(path)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")


def test_the_token_is_taken_as_a_bearer_and_as_a_password(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    guarded = serve('token_file = "token"')

    def status(authorization: str) -> int:
        return guarded.get("/", Authorization=authorization).status

    assert status(f"Bearer {TOKEN}") == status("Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()) == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer", "Basic !!", "Basic bWU=", f"Digest {TOKEN}", "Bearer \u00fc"):
        assert status(wrong) == 401


def test_a_name_of_another_host_that_points_here_gets_nothing(site: Served) -> None:
    assert site.get("/", Host="rebound.example").status == 400
    assert site.get("/", Host="localhost:8080").status == 200


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "::1"])
def test_every_address_of_this_machine_may_be_listened_on_and_asked_for(serve: Serve, host: str) -> None:
    local = serve(f'host = "{host}"')
    assert local.get("/").status == 200
    assert local.get("/", Host="news.example").status == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/?min_reports=none", 422),
        (f"/stories/{story_id(9)}", 404),
        (f"/stories/{story_id(3)}", 308),
        ("/api/stories?limit=0", 422),
        ("/feed.json", 200),
        ("/static/wirewatch.css", 200),
        ("/static/../../../pyproject.toml", 404),
        ("/nowhere", 404),
    ],
)
def test_every_answer_keeps_the_browser_from_running_what_is_not_ours(site: Served, path: str, status: int) -> None:
    answer = site.get(path)
    assert answer.status == status
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "server" not in answer.headers


def test_a_merged_story_redirects_to_where_it_goes_on(site: Served) -> None:
    for folder in ("/stories", "/api/stories"):
        assert site.get(f"{folder}/{story_id(3)}").headers["Location"] == f"{folder}/{story_id(2)}"


def test_a_large_story_is_shown_a_hundred_mentions_at_a_time(serve: Serve) -> None:
    running = serve()
    running.store.apply([event(1, 1, *(report(f"r{number}", number) for number in range(130)), num_reports=130)])
    first = running.get(f"/stories/{story_id(1)}").data.decode()
    assert (first.count('class="mention"'), 'href="?reports_from=100"' in first) == (100, True)
    rest = running.get(f"/stories/{story_id(1)}?reports_from=100").data.decode()
    assert (rest.count('class="mention"'), 'href="?reports_from=0"' in rest) == (30, True)
    assert "Title of r129" in rest


def test_a_form_sent_empty_filters_nothing(site: Served) -> None:
    page = site.get("/?words=&outlet=&language=&min_reports=&status=open").data.decode()
    assert page.count("<article") == 2


@pytest.mark.parametrize(
    "query", ["words=%00", "language=e%00n", "outlet=%00", "words=%FF%FE", "before=x", "status=%00"]
)
@pytest.mark.postgres
def test_a_hostile_query_is_answered_or_refused(serve: Serve, postgres_url: str, query: str) -> None:
    running = serve(url=postgres_url)
    for path in ("/", "/api/stories", "/feed.json", "/feed.atom"):
        assert running.get(f"{path}?{query}").status in {200, 422}


def test_a_change_is_told_within_seconds_and_the_server_ends_though_somebody_watches(serve: Serve) -> None:
    running = serve()
    watching = running.http.request("GET", f"{running.address}/live?since=0", preload_content=False)
    stream = watching.stream(1)
    began = time.monotonic()
    running.store.apply([event(1)])
    told = b""
    while b"\n\n" not in told:
        told += next(stream)
    assert b"event: change\n" in told
    assert b"data: 1\n" in told
    assert time.monotonic() - began < 5
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 0
    assert b"".join(stream).strip() == b""


def test_who_comes_back_is_told_what_was_missed(serve: Serve) -> None:
    running = serve()
    running.store.apply([event(1)])
    running.store.apply([event(2)])
    for header, number in (("1", b"2"), ("7", b"2")):
        watching = running.http.request(
            "GET", f"{running.address}/live?since=2", headers={"Last-Event-ID": header}, preload_content=False
        )
        told = b""
        # The first message may tell what the server knew before the events came.
        while b"data: " + number not in told and told.count(b"\n\n") < 5:
            told += watching.read(1)
        assert b"data: " + number in told
        watching.close()


def test_metrics_count_what_was_answered_by_route(serve: Serve) -> None:
    port = free_ports(1)
    running = serve(f'[metrics]\nlisten = "127.0.0.1:{port}"')
    running.store.apply([event(1)])
    for path in ("/", f"/stories/{story_id(1)}", f"/stories/{story_id(2)}", "/made-up/1", "/made-up/2"):
        running.get(path)
    metrics = running.http.request("GET", f"http://127.0.0.1:{port}/metrics").data.decode()
    assert 'wirewatch_serve_requests_total{route="/stories/{story_id}",status="2xx"} 1.0' in metrics
    assert 'wirewatch_serve_requests_total{route="/stories/{story_id}",status="4xx"} 1.0' in metrics
    assert "made-up" not in metrics
    assert 'wirewatch_serve_first_byte_seconds_count{route="/"} 1.0' in metrics


@pytest.mark.postgres
def test_a_store_that_goes_away_is_told_and_found_again(serve: Serve, postgres: Postgres, postgres_url: str) -> None:
    port = free_ports(1)
    running = serve(f'[metrics]\nlisten = "127.0.0.1:{port}"', url=postgres_url)
    running.store.apply([event(1)])

    def ready() -> int:
        return running.http.request("GET", f"http://127.0.0.1:{port}/readyz").status

    assert (ready(), running.get("/").status) == (200, 200)
    postgres.stop()
    try:
        assert (ready(), running.get("/").status, running.get("/api/stories").status) == (503, 503, 503)
        assert "127.0.0.1" not in running.get("/").data.decode()
    finally:
        postgres.start()
    assert (ready(), running.get("/").status) == (200, 200)
