"""Webhooks and Slack messages as a real server receives them."""

from typing import Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from pipeline.config import SlackConfig, WebhookConfig, load_config
from pipeline.delivery.deliver import make_destinations
from pipeline.delivery.destinations.contract import Misconfigured, Parcel
from pipeline.delivery.destinations.slack import SlackDestination
from pipeline.delivery.destinations.sql import EventStore
from pipeline.delivery.destinations.webhook import WebhookDestination
from tests.delivery.making import NASTY, SECRET, line
from tests.delivery.receiver import Receiver
from tests.running import ROOT

ENVIRONMENT = {"WIREWATCH_NEWS_DESK_SECRET": SECRET}


def webhook(url: str | None, environment: dict[str, str]) -> WebhookDestination:
    return WebhookDestination(WebhookConfig(name="news-desk", url=url, allow_private=True), environment)


@pytest.mark.parametrize("title", NASTY.values(), ids=NASTY.keys())
def test_a_webhook_is_the_event_to_the_byte_and_its_signature_is_right(receiver: Receiver, title: str) -> None:
    webhook(receiver.url, ENVIRONMENT).send([Parcel(line(1, title=title), ("harbours", "ferries"))])
    (request,) = receiver.requests
    assert request.body == line(1, title=title)
    assert request.id == "0000000000000001-1"
    assert request.headers["wirewatch-rules"] == "harbours, ferries"
    receiver.verify()


def test_a_changed_body_is_told_by_the_signature(receiver: Receiver) -> None:
    webhook(receiver.url, ENVIRONMENT).send([Parcel(line(1), ())])
    (request,) = receiver.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"Ferry", b"Fairy"), request.headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64"])
def test_a_webhook_without_a_secret_is_refused_with_the_variable(secret: str) -> None:
    with pytest.raises(Misconfigured, match="WIREWATCH_NEWS_DESK_SECRET"):
        webhook("https://example.org", {"WIREWATCH_NEWS_DESK_SECRET": secret})


def test_the_example_of_a_receiver_takes_what_is_sent_once(receiver: Receiver) -> None:
    page = (ROOT / "docs" / "delivery.md").read_text()
    names: dict[str, Any] = {}
    exec(page.split("```python\n", 1)[1].split("```", 1)[0], names)
    desk = webhook(receiver.url, ENVIRONMENT)
    desk.send([Parcel(line(1), ())])
    desk.send([Parcel(line(1), ())])
    seen: set[str] = set()
    taken = [names["receive"](request.headers, request.body, SECRET, seen) for request in receiver.requests]
    assert taken == ["Ferry sinks off Grey Heron", None]


def test_every_destination_of_the_example_can_be_made() -> None:
    secrets = {
        "WIREWATCH_NEWS_DESK_SECRET": SECRET,
        "WIREWATCH_CHAT_URL": "https://hooks.example/services/x",
        "WIREWATCH_EDITORS_PASSWORD": "secret",
    }
    config = load_config(ROOT / "configs" / "deliver.toml")

    def open_store(url: str) -> EventStore:
        raise AssertionError(f"{url} is opened before there is anything to apply")

    made = make_destinations(config, secrets, open_store)
    assert [given.name for given, _ in made] == ["news-desk", "chat", "editors", "store"]
    for _, destination in made:
        destination.close()
    for missing in secrets:
        left = {name: value for name, value in secrets.items() if name != missing}
        with pytest.raises(Misconfigured, match=missing):
            make_destinations(config, left, open_store)


def test_an_address_may_be_a_secret_too(receiver: Receiver) -> None:
    with pytest.raises(Misconfigured, match="WIREWATCH_NEWS_DESK_URL"):
        webhook(None, ENVIRONMENT)
    webhook("https://elsewhere.example", ENVIRONMENT | {"WIREWATCH_NEWS_DESK_URL": receiver.url}).send(
        [Parcel(line(1), ())]
    )
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("title", NASTY.values(), ids=NASTY.keys())
def test_a_slack_message_is_short_and_harmless(receiver: Receiver, title: str) -> None:
    config = SlackConfig(name="chat", url=receiver.url, allow_private=True)
    SlackDestination(config, {}).send([Parcel(line(1, title=title), ("harbours",))])
    body: dict[str, Any] = orjson.loads(receiver.requests[0].body)
    assert body.keys() == {"text", "unfurl_links", "unfurl_media"}
    assert "rule harbours" in body["text"]
    assert len(body["text"]) < 2000
    assert not set(body["text"]) & set("<>\0\x1b\u202e\u2066")
