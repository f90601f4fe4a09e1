"""The AsyncAPI document names what is there: references lead somewhere, defaults and headers are the code's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema
import orjson
import pytest
import yaml

from pipeline.config import Config
from pipeline.records import DeadLetter, EventType, StoryEvent, StoryStatus
from pipeline.sinks.cloudevents import (
    dead_letter_from,
    dead_letter_headers,
    dead_letter_value,
    event_headers,
    event_value,
    structured,
)
from tests.running import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / "asyncapi.yaml").read_text("utf-8"))
EVENT = StoryEvent(
    type=EventType.EMERGED,
    story_id="0123456789abcdef",
    revision=1,
    time=datetime(2024, 3, 4, tzinfo=UTC),
    status=StoryStatus.ACTIVE,
    headline="Harbour bridge opens",
    keywords=("bridge",),
    language="en",
    num_reports=3,
    num_copies=0,
    num_outlets=2,
    first_seen=datetime(2024, 3, 4, tzinfo=UTC),
    last_seen=datetime(2024, 3, 4, tzinfo=UTC),
    velocity_per_hour=3.0,
)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _references(each)


def _resolve(reference: str) -> Any:
    path, _, pointer = reference.partition("#")
    node = orjson.loads((ROOT / "schemas" / path).read_bytes()) if path else DOCUMENT
    for part in filter(None, pointer.split("/")):
        node = node[part]
    return node


def _message(name: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["messages"][name]
    return found


@pytest.mark.parametrize("reference", sorted(set(_references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    assert isinstance(_resolve(reference), dict)


def test_the_topics_are_those_of_the_default_configuration() -> None:
    config = Config()
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == {
        config.input.topic,
        config.output.topic,
        config.output.dead_letters_topic,
    }


def test_an_event_has_the_headers_and_the_payload_that_are_described() -> None:
    message = _message("storyEvent")
    headers = event_headers(EVENT, "urn:wirewatch")
    assert [name for name, _ in headers] == message["headers"]["required"]
    jsonschema.Draft202012Validator(message["headers"]).validate({name: value.decode() for name, value in headers})
    types = {event_type.value for event_type in EventType}
    assert set(message["headers"]["properties"]["ce_type"]["enum"]) == types
    assert set(orjson.loads(event_value(EVENT))) == set(_resolve(message["payload"]["schema"]["$ref"])["required"])


def test_an_event_in_binary_mode_is_the_line_of_the_file() -> None:
    assert structured(event_headers(EVENT, "urn:x"), event_value(EVENT)) == EVENT.to_json("urn:x")


def test_a_dead_letter_has_the_headers_that_are_described_and_comes_back_as_it_was() -> None:
    letter = DeadLetter("parse", "malformed-json: 'a:0:1' is no JSON", "a:0:1", b"\xff{")
    headers = dead_letter_headers(letter)
    described = jsonschema.Draft202012Validator(_message("deadLetter")["headers"])
    described.validate({name: value.decode() for name, value in headers})
    assert dead_letter_from(headers, dead_letter_value(letter)) == letter
