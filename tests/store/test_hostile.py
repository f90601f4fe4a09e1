"""What strangers write is stored whole, or refused with a reason: the same in both databases."""

from collections.abc import Iterator

import pytest

from pipeline.records import Role
from pipeline.store import MalformedEvent, Store
from pipeline.store.queries import Filter, find_mentions, find_stories
from tests.store.making import event, report, story_id

HOSTILE = [
    "<script>alert(1)</script>",
    "a\u202egnp.exe\u202c\u2066b",
    "long " * 2000,
    "x" * 10_000,
    "'; DROP TABLE stories; --",
    "\ufeff\ufffe\uffff\U000e0041",
    "\x01\x1b[31m\x7f\x85",
    "",
    "😀" * 3000,
]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


def stored(store: Store, text: str) -> list[str | None]:
    """Store a text wherever an event has room for one; gives it as it is read back from each place."""
    mention = report(text, title=text, outlet=text, url=text, terms=(text,))
    store.apply([event(1, 1, mention, headline=text, keywords=(text,))])
    with store.reading() as connection:
        (story,) = find_stories(connection, Filter(outlet=text or None), 10)
        (found,) = find_mentions(connection, story_id(1), Role.REPORT, limit=10)
    return [story.headline, *story.keywords, found.article_id, found.title, found.outlet, found.url, *found.terms]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_text_is_stored_whole(store: Store, text: str) -> None:
    assert set(stored(store, text)) == {text}


def test_a_null_character_is_stored_as_its_picture(store: Store) -> None:
    assert set(stored(store, "a\0b")) == {"a\u2400b"}
    with store.reading() as connection:
        assert find_stories(connection, Filter(language="e\0n", words="a\0b"), 10) == []


def test_half_a_character_is_refused(store: Store) -> None:
    line = event(1).replace(b"Lighthouse 1", b"Light\\ud800house")
    with pytest.raises(MalformedEvent, match="surrogate"):
        store.apply([line])


def test_a_deep_nest_of_an_unknown_field_does_no_harm(store: Store) -> None:
    nest = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(MalformedEvent):
        store.apply([event(1).replace(b'"data":{', b'"data":{"mood":' + nest + b",")])
    store.apply([event(1)])


def test_thousands_of_words_in_a_headline_are_all_found(store: Store) -> None:
    store.apply([event(1, headline=" ".join(f"word{number}" for number in range(3000)))])
    with store.reading() as connection:
        assert len(find_stories(connection, Filter(words="word0 word1234 word2999"), 10)) == 1
