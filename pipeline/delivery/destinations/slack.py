"""Messages for an incoming webhook of Slack, and of what takes the same (Mattermost, Rocket.Chat)."""

from collections.abc import Mapping, Sequence

import orjson

from pipeline.config import SlackConfig
from pipeline.delivery.destinations.contract import Parcel
from pipeline.delivery.destinations.http import poster_for
from pipeline.delivery.texts import Message, message_of
from pipeline.events import event_from

_UNSEEN = "\u200b"
"""A space without width: it breaks what would be a command, and nobody sees it."""


class SlackDestination:
    """Posts each event as a short text.

    Parameters
    ----------
    config
        Where to; the address is a secret of its own.
    environment
        May hold that address.

    Raises
    ------
    Misconfigured
        If there is no such address.
    """

    most_at_once = 1

    def __init__(self, config: SlackConfig, environment: Mapping[str, str]) -> None:
        self._poster = poster_for(config, environment)

    def send(self, parcels: Sequence[Parcel]) -> None:
        for line, rules in parcels:
            text = text_of(message_of(event_from(line), rules))
            body = {"text": text, "unfurl_links": False, "unfurl_media": False}
            self._poster.post(orjson.dumps(body), {"Content-Type": "application/json; charset=utf-8"})

    def close(self) -> None:
        self._poster.close()


def text_of(message: Message) -> str:
    """Write a message so that nothing in it is taken for markup, a link or a call to everybody."""
    sources = (
        f"• {_disarmed(source.outlet)}: {_disarmed(source.title)} {_escaped(source.url)}".rstrip()
        for source in message.sources
    )
    lines = (f"*{_disarmed(message.headline)}*", _disarmed(message.facts), *sources, message.more)
    return "\n".join(filter(None, lines))


def _disarmed(text: str) -> str:
    # Slack knows a call by its brackets, Mattermost by "@" alone; both know **, and Mattermost links and images.
    for command in ("@", "*", "_", "~", "`", "]"):
        text = text.replace(command, f"{command}{_UNSEEN}")
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
