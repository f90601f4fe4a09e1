"""Whom a POST may reach, and what is made of bad answers: against a real server."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from urllib3.util import connection

from pipeline.delivery.destinations import http
from pipeline.delivery.destinations.contract import Misconfigured, Refused, Unavailable
from pipeline.delivery.destinations.http import Poster
from tests.delivery.receiver import Behaviour, Receiver, answer, close, drip, hang


def poster(url: str, *, allow_private: bool = True, seconds: float = 0.5) -> Poster:
    return Poster(url, allow_private=allow_private, timeout_seconds=seconds, name="desk")


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (answer(500), Refused),
        (answer(404), Refused),
        (answer(302, Location="https://example.org"), Refused),
        (answer(503), Unavailable),
        (answer(429), Unavailable),
        (close, Unavailable),
        (hang, Unavailable),
        (drip, Unavailable),
    ],
)
def test_an_answer_that_is_no_receipt_is_a_failure_in_time(
    receiver: Receiver, behaviour: Behaviour, kind: type[Exception]
) -> None:
    receiver.behaviour = behaviour
    begun = time.monotonic()
    with pytest.raises(kind):
        poster(receiver.url).post(b"{}", {})
    assert time.monotonic() - begun < 2
    assert len(receiver.requests) == 1


def test_a_redirect_is_not_followed(receiver: Receiver, other: Receiver) -> None:
    receiver.behaviour = answer(307, Location=other.url)
    with pytest.raises(Refused, match="answered 307; redirects are not followed"):
        poster(receiver.url).post(b"{}", {})
    assert other.requests == []


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("120", 120, 120),
        (formatdate(time.time() + 600, usegmt=True), 500, 600),
        (formatdate(time.time() - 600, usegmt=True), 0, 0),
        ("99999999999", 3600, 3600),
        ("9" * 5000, 0, 0),
        ("soon", 0, 0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0, 3600),
    ],
)
def test_a_receiver_that_asks_for_patience_gets_it_within_reason(
    receiver: Receiver, asked: str, least: float, most: float
) -> None:
    receiver.behaviour = answer(429, Retry_After=asked)
    with pytest.raises(Unavailable) as caught:
        poster(receiver.url).post(b"{}", {})
    assert least <= caught.value.seconds <= most


def test_a_connection_is_used_again_and_made_anew_when_the_receiver_hung_up(receiver: Receiver) -> None:
    desk = poster(receiver.url)
    desk.post(b"1", {})
    receiver.behaviour = lambda handler: (answer(200)(handler), close(handler))[0]
    desk.post(b"2", {})
    time.sleep(0.1)
    desk.post(b"3", {})
    assert [request.body for request in receiver.requests] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
        "0x7f.1",
        "2130706433",
        "0",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
    ],
)
def test_a_private_address_is_not_connected_to(receiver: Receiver, host: str) -> None:
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(Unavailable, match=r"not public|NameResolution|not known|Address family|No address"):
        poster(f"https://{host}:{port}", allow_private=False).post(b"{}", {})
    assert receiver.requests == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups, targets = [], []

    def rebinding(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        lookups.append(host)
        address = "93.184.216.34" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        targets.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(connection, "create_connection", connect)
    with pytest.raises(Unavailable, match="Connection refused"):
        poster("https://rebinding.example/hook", allow_private=False).post(b"{}", {})
    assert targets == [("93.184.216.34", 443)]
    assert lookups == ["rebinding.example"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    line = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    command = [*line.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    receiver = Receiver(context)
    yield receiver
    receiver.stop()


@pytest.mark.parametrize("allow_private", [True, False])
def test_only_a_trusted_certificate_of_that_name_is_spoken_to(
    encrypted: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch, allow_private: bool
) -> None:
    # The address of this machine stands for a public one.
    monkeypatch.setattr(http, "_is_public", lambda _: True)
    url = f"https://localhost:{encrypted.port}/hook"
    with pytest.raises(Unavailable, match="SSL"):
        poster(url, allow_private=allow_private, seconds=5).post(b"1", {})
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unavailable, match="SSL"):
        poster(url.replace("localhost", "127.0.0.1"), allow_private=allow_private, seconds=5).post(b"2", {})
    assert encrypted.requests == []
    desk = poster(url, allow_private=allow_private, seconds=5)
    desk.post(b"3", {})
    desk.close()
    assert [request.body for request in encrypted.requests] == [b"3"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.org", "is not encrypted"),
        ("ftp://example.org", "is none"),
        ("example.org/hook", "is none"),
        ("https://", "is none"),
        ("https://user:password@example.org/", "names a user"),
        ("https://exa mple:99999999", "is none"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(url: str, problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem):
        poster(url, allow_private=False)


def test_a_failure_does_not_tell_the_secret_part_of_the_address() -> None:
    with pytest.raises(Unavailable) as caught:
        poster("http://127.0.0.1:1/services/T0/B0/secret").post(b"{}", {})
    assert "secret" not in str(caught.value)
    assert "Connection refused" in str(caught.value)
