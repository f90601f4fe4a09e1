"""What is counted of the server's work. Labels are bounded: routes are those of the code, never what was asked for."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class ServeMetrics:
    """The metrics of one server.

    Parameters
    ----------
    registry
        Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "wirewatch_serve_requests_total", "Answered requests.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "wirewatch_serve_first_byte_seconds",
            "From a request to the first byte of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.watching = Gauge("wirewatch_serve_live_connections", "Pages that are told of changes.", registry=registry)
        self.change = Gauge(
            "wirewatch_serve_store_change", "Number of the last change of the store that was seen.", registry=registry
        )
        self.looks_failed = Counter(
            "wirewatch_serve_store_failures_total",
            "Times that the store could not be asked for news.",
            registry=registry,
        )


class Measured:
    """Counts and times every request."""

    def __init__(self, app: ASGIApp, metrics: ServeMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()

        async def send_measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.seconds.labels(route).observe(perf_counter() - began)
                self._metrics.requests.labels(route, f"{message['status'] // 100}xx").inc()
            await send(message)

        await self._app(scope, receive, send_measured)
