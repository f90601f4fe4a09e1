"""Story events as they are, to an address of somebody's own, signed by Standard Webhooks."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from pipeline.config import WebhookConfig
from pipeline.delivery.destinations.contract import Misconfigured, Parcel
from pipeline.delivery.destinations.http import poster_for
from pipeline.events import event_from

_PREFIX = "whsec_"
_SHORTEST_SECRET = 24
"""Bytes; the specification asks for no less."""


class WebhookDestination:
    """Posts each event with its id, the time of the attempt, and the signature over both and the body.

    Parameters
    ----------
    config
        Where to.
    environment
        Holds the secret, ``whsec_`` and base64.
    clock
        Seconds since 1970.

    Raises
    ------
    Misconfigured
        If there is no such address or secret.

    References
    ----------
    The Standard Webhooks specification, https://www.standardwebhooks.com.
    """

    most_at_once = 1

    def __init__(
        self, config: WebhookConfig, environment: Mapping[str, str], clock: Callable[[], float] = time.time
    ) -> None:
        self._signer = Webhook(_secret(config, environment))
        self._poster = poster_for(config, environment)
        self._clock = clock

    def send(self, parcels: Sequence[Parcel]) -> None:
        for line, rules in parcels:
            self._send(line, rules)

    def close(self) -> None:
        self._poster.close()

    def _send(self, line: bytes, rules: Sequence[str]) -> None:
        event_id = event_from(line).id
        now = int(self._clock())
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": event_id,
            "webhook-timestamp": str(now),
            "webhook-signature": self._signer.sign(event_id, datetime.fromtimestamp(now, UTC), line.decode()),
        }
        if rules:
            headers["wirewatch-rules"] = ", ".join(rules)
        self._poster.post(line, headers)


def _secret(config: WebhookConfig, environment: Mapping[str, str]) -> bytes:
    variable = config.variable("secret")
    try:
        secret = base64.b64decode(environment.get(variable, "").removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) < _SHORTEST_SECRET:
        raise Misconfigured(
            f"destination {config.name!r} needs a secret to sign with: put {_PREFIX} and at least {_SHORTEST_SECRET} "
            f"random bytes in base64 into {variable}"
        )
    return secret
