"""What a long-running command counts, fetched by Prometheus over HTTP, with its health beside it."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

LISTEN = "WIREWATCH_METRICS_LISTEN"
"""Environment variable that wins over ``[metrics] listen``: commands that share a configuration need a port each."""

Unready = Callable[[], str]
"""Says why a command cannot do its work just now; empty when it can."""

_StartResponse = Callable[[str, list[tuple[str, str]]], object]


class MetricsError(RuntimeError):
    """Metrics cannot be served; the message names the address and the remedy."""


class Reading(NamedTuple):
    """A metric without labels that is read off what a command counts anyway."""

    name: str
    """With its unit; a counter ends in ``_total``."""
    kind: Literal["counter", "gauge"]
    help: str


class Readings(Collector):
    """Reads metrics at the moment they are asked for.

    Parameters
    ----------
    readings
        What there is.
    read
        Gives the values by name; one that is missing is 0. Called by another thread than the command's.
    """

    def __init__(self, readings: Sequence[Reading], read: Callable[[], Mapping[str, float]]) -> None:
        self._readings = readings
        self._read = read

    def collect(self) -> Iterable[Metric]:
        values = self._read()
        for name, kind, text in self._readings:
            family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
            yield family(name, text, value=values.get(name, 0))


@contextmanager
def serve_metrics(listen: str | None, registry: CollectorRegistry, unready: Unready) -> Iterator[int | None]:
    """Serve ``/metrics``, ``/healthz`` (the process is alive) and ``/readyz`` (it can work; else 503 and the reason).

    Parameters
    ----------
    listen
        ``host:port`` of ``[metrics]``, or none for not at all; `LISTEN` in the environment wins. Port 0 takes a free
        one.
    registry
        What there is to fetch.
    unready
        Asked at each ``/readyz``.

    Yields
    ------
    int or None
        The port.

    Raises
    ------
    MetricsError
        If the address is none, or cannot be listened on.
    """
    listen = os.environ.get(LISTEN) or listen
    if not listen:
        yield None
        return
    with _server(listen, _Application(registry, unready)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="metrics", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Application:
    """The WSGI application: one path each for Prometheus and for whatever supervises the process."""

    def __init__(self, registry: CollectorRegistry, unready: Unready) -> None:
        self._metrics = make_wsgi_app(registry)
        self._unready = unready

    def __call__(self, environment: dict[str, object], start_response: _StartResponse) -> Iterable[bytes]:
        path = environment["PATH_INFO"]
        if path == "/metrics":
            exposed: Iterable[bytes] = self._metrics(environment, start_response)
            return exposed
        if path == "/healthz":
            return _answer(start_response, "200 OK", "alive")
        if path == "/readyz":
            reason = self._unready()
            return _answer(start_response, "503 Service Unavailable" if reason else "200 OK", reason or "ready")
        return _answer(start_response, "404 Not Found", "there is /metrics, /healthz and /readyz")


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: being asked is no news."""


def _answer(start_response: _StartResponse, status: str, text: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]


def _server(listen: str, application: _Application) -> ThreadingWSGIServer:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise MetricsError(f"[metrics] listen is {listen!r}: write host:port, as in 127.0.0.1:9464")
    try:
        return make_server(host.strip("[]"), int(port), application, ThreadingWSGIServer, _SilentHandler)
    except OSError as error:
        raise MetricsError(
            f"metrics cannot be served at {listen!r}: {error.strerror or error}; give [metrics] listen, or {LISTEN}, "
            "an address of this machine and a port that is free"
        ) from error
