"""A real HTTP server that takes webhooks, and can be made to behave badly."""

import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from standardwebhooks.webhooks import Webhook

from tests.delivery.making import SECRET


class Request(NamedTuple):
    """What was posted."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Reads the request, notes it and lets the receiver's behaviour answer."""

    protocol_version = "HTTP/1.1"
    receiver: "Receiver"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.requests.append(Request(headers, body, time.time()))
        self.receiver.behaviour(self)

    def do_GET(self) -> None:
        self.receiver.requests.append(Request({}, b"", time.time()))
        answer(200)(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def answer(status: int, **headers: str) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def close(handler: Handler) -> None:
    handler.close_connection = True


def hang(handler: Handler) -> None:
    time.sleep(3)
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Send one byte of the answer after the other, each in time."""
    handler.close_connection = True
    try:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 40:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: that clients are killed is the point of some tests."""


class Receiver:
    """Listens on a port of its own.

    Parameters
    ----------
    tls
        Makes it speak TLS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.behaviour: Behaviour = answer(204)
        self._server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"receiver": self}))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    def verify(self) -> None:
        """Check every signature as a receiver would; raises where one is wrong."""
        for request in self.requests:
            Webhook(SECRET).verify(request.body, request.headers)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
