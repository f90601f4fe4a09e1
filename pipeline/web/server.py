"""The server: listens, tells where, and lets go of its readers when it is asked to end."""

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from pipeline.config import ServeConfig
from pipeline.store import Store
from pipeline.web.app import make_app
from pipeline.web.live import Changes
from pipeline.web.measuring import ServeMetrics
from pipeline.web.site import Site

_SECONDS_TO_FINISH = 5
_CONNECTIONS_WAITING = 128


class CannotListen(RuntimeError):
    """The address cannot be listened on; the message names it."""


def serve(
    store: Store, config: ServeConfig, token: str | None, metrics: ServeMetrics, ready: Callable[[str], None]
) -> None:
    """Serve a store until SIGTERM or SIGINT.

    Parameters
    ----------
    store
        What is shown.
    config
        Where to listen, and how often to look for news.
    token
        Who reads must show it; none if only this machine can read.
    metrics
        What is counted on the way.
    ready
        Is handed the address once connections are taken.

    Raises
    ------
    CannotListen
        If the address is not of this machine, or taken.
    """
    listening = _listen(config.host, config.port)
    site = Site(store, Changes(store, config.poll_seconds, metrics), metrics, config.stories_per_page)
    with listening:
        ready(_address(listening))
        asyncio.run(_serve(listening, site, token))


async def _serve(listening: socket.socket, site: Site, token: str | None) -> None:
    settings = uvicorn.Config(
        make_app(site, token, listening.getsockname()[0]),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    await _Server(settings, site.changes).serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends the live connections when it is told to end: it waits for every answer, and theirs have no end."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self._changes = changes
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._changes.close(), self._loop)
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((host, port), family=family, backlog=_CONNECTIONS_WAITING)
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {host!r}, port {port}: {error.strerror}; give [serve] another host or port"
        ) from error


def _address(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
