"""Hostile titles do no harm in what people read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.delivery.destinations.slack import text_of
from pipeline.delivery.texts import harmless, message_of
from pipeline.records import EventType, Mention, Role, StoryStatus
from tests.delivery.making import MORNING, NASTY, event


@given(st.text(max_size=3000), st.integers(1, 300))
def test_a_text_becomes_one_short_line_without_commands(text: str, limit: int) -> None:
    shown = harmless(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def test_scripts_that_need_joiners_keep_them() -> None:
    assert harmless(NASTY["scripts"], 100) == NASTY["scripts"]


@pytest.mark.parametrize("title", NASTY.values(), ids=NASTY.keys())
def test_a_message_is_as_many_lines_as_it_has_parts_whatever_the_title(title: str) -> None:
    nasty = event(title=title, outlet=title, language="e\nn")
    text = text_of(message_of(nasty, ("desk",)))
    assert text.count("\n") == 2
    assert len(text) < 2000
    assert not set(text) & set("<>\0\r\u202e\u2028")


def test_nobody_is_called_and_no_link_is_made_by_a_title() -> None:
    text = text_of(message_of(event(title=NASTY["call"]), ()))
    for command in ("<!channel>", "@here", "*bold*", "](", "<https"):
        assert command not in text
    assert "&lt;!channel&gt;" in text


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://a.example/ b", "https://a.example/\n", "data:text/html,x", "https://<x>", ""],
)
def test_only_addresses_of_the_web_are_shown(url: str) -> None:
    mention = Mention("a", Role.REPORT, MORNING, "Title", "Outlet", url)
    assert message_of(event(mentions=(mention,)), ()).sources[0].url == ""


def test_a_message_says_how_many_articles_it_left_out() -> None:
    mentions = tuple(Mention(f"a{number}", Role.REPORT, MORNING, f"Title {number}") for number in range(7))
    message = message_of(event(mentions=mentions, num_mentions_omitted=3), ())
    assert len(message.sources) == 5
    assert message.more == "and 5 more"


def test_a_message_says_where_articles_and_merged_stories_went() -> None:
    away = [Mention(f"a{number}", Role.MOVED, MORNING, "Title", moved_to="0" * 15 + "7") for number in range(2)]
    message = message_of(event(type=EventType.CORRECTED, mentions=tuple(away)), ())
    assert "3 reports and 1 copy from 2 outlets, 2 articles moved to 0000000000000007" in message.facts
    assert message.sources == ()
    over = event(type=EventType.MERGED, status=StoryStatus.MERGED, merged_into="0" * 15 + "7", num_reports=0)
    assert message_of(over, ()).facts.startswith("A story merged, goes on as 0000000000000007, language en")
