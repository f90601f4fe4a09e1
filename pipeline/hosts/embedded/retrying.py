"""How the loop and the sender wait for a broker that is away."""

import logging
import threading

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from pipeline.hosts.embedded.errors import Unreachable

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE_SECONDS = 5


def retrying(seconds: float, stop: threading.Event) -> Retrying:
    """Try again what raises `Unreachable`, for so long or until told to stop; then the error comes through.

    That it is tried again is told once, with the reason.
    """
    return Retrying(
        retry=retry_if_exception_type(Unreachable),
        wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE_SECONDS),
        stop=stop_when_event_set(stop) | stop_after_delay(seconds),
        sleep=sleep_using_event(stop),
        before_sleep=_tell_once,
        reraise=True,
    )


def _tell_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome is not None:
        _LOG.warning("%s; trying again", attempt.outcome.exception())
