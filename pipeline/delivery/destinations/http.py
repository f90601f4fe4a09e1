"""One POST at a time, to an address that is allowed, without following anybody anywhere else."""

import ipaddress
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader, LocationParseError
from urllib3.util import Retry, connection, parse_url

from pipeline.config import HttpConfig
from pipeline.delivery.destinations.contract import Misconfigured, Refused, Unavailable

_BUSY = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that speak of the receiver's state and not of what it was sent."""
_LONGEST_RETRY_AFTER = 3600.0
_LONGEST_ANSWER = 1 << 16


class _NotAllowed(OSError):
    """The name leads into a private network."""


class _PublicOnlyTls(HTTPSConnection):
    """Connects to public addresses only.

    The address that was checked is the one that is connected to, so a name that changes between the two (DNS
    rebinding) gains nothing; the certificate must be that of the name all the same.
    """

    def _new_conn(self) -> socket.socket:
        found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        public = [str(address[0]) for *_, address in found if _is_public(str(address[0]))]
        if not public:
            raise _NotAllowed(
                f"{self._dns_host!r} is {found[0][4][0]}, which is not public; set allow_private = true if it is meant"
            )
        for address in public[:-1]:
            with suppress(OSError):
                return self._connected(address)
        return self._connected(public[-1])

    def _connected(self, address: str) -> socket.socket:
        return connection.create_connection((address, self.port), self.timeout, socket_options=self.socket_options)


class Poster:
    """Posts to one URL.

    Parameters
    ----------
    url
        Where to; it may be a secret and is never told.
    allow_private
        Whether the address may be private, and plain HTTP be spoken.
    timeout_seconds
        How long one attempt may take, from the first packet to the last.
    name
        Of the destination, for errors.

    Raises
    ------
    Misconfigured
        If the URL is none that may be posted to.
    """

    def __init__(self, url: str, *, allow_private: bool, timeout_seconds: float, name: str) -> None:
        try:
            parsed = parse_url(url)
        except LocationParseError as error:
            raise Misconfigured(f"the url of destination {name!r} is none: write https://host/path") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise Misconfigured(f"the url of destination {name!r} is none: write https://host/path")
        if parsed.auth:
            raise Misconfigured(f"the url of destination {name!r} names a user, which is not sent: leave it out")
        if parsed.scheme == "http" and not allow_private:
            raise Misconfigured(
                f"the url of destination {name!r} is not encrypted: write https://, or set allow_private = true"
            )
        self._target = parsed.request_uri
        self._host = parsed.host
        self._seconds = timeout_seconds
        self._connection = _KINDS[parsed.scheme, allow_private](
            parsed.host.strip("[]"), parsed.port, timeout=timeout_seconds
        )

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post, and take any answer of the class 2xx for a receipt.

        Raises
        ------
        Refused
            If the answer is another.
        Unavailable
            If there is none in time, or one that asks for patience.
        """
        if not self._connection.is_connected:  # the receiver may have hung up since the last time
            self._connection.close()
        timer = threading.Timer(self._seconds, self._hang_up)
        timer.start()
        begun = time.monotonic()
        try:
            status, wait = self._ask(body, headers)
        except (HTTPError, HTTPException, OSError) as error:
            self._connection.close()
            is_late = time.monotonic() - begun >= self._seconds
            said = f"no answer within {self._seconds:g} s" if is_late else _said(error)
            raise Unavailable(f"{self._host}: {said}") from error
        finally:
            timer.cancel()
        if status in _BUSY:
            raise Unavailable(f"{self._host} answered {status}", _seconds_asked(wait))
        if 300 <= status < 400:
            raise Refused(f"{self._host} answered {status}; redirects are not followed: give the new address as url")
        if not 200 <= status < 300:
            raise Refused(f"{self._host} answered {status}")

    def close(self) -> None:
        self._connection.close()

    def _ask(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = self._connection
        connection.request("POST", self._target, body=body, headers={"User-Agent": "wirewatch", **headers})
        answer = connection.getresponse()
        if len(answer.read(_LONGEST_ANSWER, decode_content=False)) == _LONGEST_ANSWER:
            connection.close()  # nobody reads so much of an answer
        return answer.status, answer.headers.get("Retry-After", "")

    def _hang_up(self) -> None:
        """End an attempt that takes too long as a whole, though each of its parts comes in time."""
        with suppress(OSError):
            if self._connection.sock is not None:
                self._connection.sock.shutdown(socket.SHUT_RDWR)


_KINDS: dict[tuple[str, bool], type[HTTPConnection]] = {
    ("http", True): HTTPConnection,
    ("https", True): HTTPSConnection,
    ("https", False): _PublicOnlyTls,
}


def _seconds_asked(retry_after: str) -> float:
    """Read a ``Retry-After``, which may be a number of seconds or a date; 0 for what is neither."""
    try:
        return min(Retry().parse_retry_after(retry_after), _LONGEST_RETRY_AFTER)
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    return inner.is_global and not inner.is_multicast


def _said(error: Exception) -> str:
    """Tell what happened without the URL, which may be a secret."""
    if isinstance(error, _NotAllowed):
        return str(error)
    return str(getattr(error.__cause__ or error, "strerror", None) or type(error).__name__)


def poster_for(config: HttpConfig, environment: Mapping[str, str]) -> Poster:
    """Make the poster of a destination.

    Raises
    ------
    Misconfigured
        If there is no URL, or none that may be posted to.
    """
    url = environment.get(config.variable("url")) or config.url
    if not url:
        raise Misconfigured(f"destination {config.name!r} has no url: give it, or put it into {config.variable('url')}")
    return Poster(url, allow_private=config.allow_private, timeout_seconds=config.timeout_seconds, name=config.name)
