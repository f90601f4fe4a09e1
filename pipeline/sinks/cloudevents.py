"""How records travel in Kafka: story events as CloudEvents in binary mode, dead letters as raw bytes with headers.

In binary mode the context attributes are headers and the value is the event's ``data`` alone, so that a consumer can
route and drop duplicates without parsing JSON. Every host and sink encodes here, so that they cannot differ.
"""

from collections.abc import Iterable

import orjson

from pipeline.records import DEAD_LETTER_RAW_BYTES, DeadLetter, StoryEvent

Headers = list[tuple[str, bytes]]

_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time")


def event_key(event: StoryEvent) -> bytes:
    """Key a story event by its story, so that the events of one story keep their order."""
    return event.story_id.encode()


def event_headers(event: StoryEvent, source: str) -> Headers:
    """Give the CloudEvents attributes of an event, as the Kafka protocol binding names them.

    Parameters
    ----------
    event
        What changed in a story.
    source
        CloudEvents ``source``: names the deployment, fixed by configuration.
    """
    envelope = orjson.loads(event.to_json(source))
    attributes = [(f"ce_{name}", envelope[name].encode()) for name in _ATTRIBUTES]
    return [*attributes, ("content-type", b"application/json")]


def event_value(event: StoryEvent) -> bytes:
    """Give the ``data`` of an event as JSON: byte for byte what stands under ``data`` in a file of events."""
    return orjson.dumps(orjson.loads(event.to_json(""))["data"])


def structured(headers: Iterable[tuple[str, bytes]], value: bytes) -> bytes:
    """Turn an event as it travels in Kafka back into one line of a file of events."""
    given = dict(headers)
    envelope = {name: given[f"ce_{name}"].decode() for name in _ATTRIBUTES}
    return orjson.dumps({**envelope, "datacontenttype": "application/json", "data": orjson.loads(value)})


def dead_letter_headers(letter: DeadLetter) -> Headers:
    """Give what is known about a dead letter; its value is the raw input itself."""
    return [
        ("stage", letter.stage.encode()),
        ("reason", letter.reason.encode()),
        ("source", letter.source.encode()),
    ]


def dead_letter_value(letter: DeadLetter) -> bytes:
    """Give the raw input, cut where a dead letter is cut everywhere: so it fits the topic whatever it was."""
    return letter.raw[:DEAD_LETTER_RAW_BYTES]


def dead_letter_from(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> DeadLetter:
    """Read a dead letter back from its record."""
    given = dict(headers)
    stage, reason, source = (given.get(name, b"").decode("utf-8", "replace") for name in ("stage", "reason", "source"))
    return DeadLetter(stage, reason, source, value or b"")
