"""What is taken from HTML pages."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.pages import Page, UnreadablePage, read_page

LATEST = datetime(2100, 1, 1, tzinfo=UTC)
TITLE = "Quake shakes northern coast"
SHORT = (
    "A strong earthquake shook the northern coast early on Wednesday, officials said.",
    "At least three people were injured when a wall collapsed in the port town of Varno, the mayor told reporters.",
    "Power was restored to most homes by noon.",
)
LONG = (
    *SHORT,
    "Rescue teams from two neighbouring regions arrived in the afternoon and searched through several damaged buildings"
    " near the harbour. No one was reported missing by the evening, the fire service said in a statement.",
    "The national seismological institute put the magnitude at 5.8 and the depth at eleven kilometres. It warned of"
    " aftershocks in the coming days and asked residents to stay away from cracked walls.",
)
HEAD = f"""<meta charset="utf-8"><title>{TITLE} | Example News</title><meta property="og:title" content="{TITLE}">
<meta property="og:site_name" content="Example News"><link rel="canonical" href="https://example.org/2024/01/31/quake">
"""
SECTIONS = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in ("World", "Politics", "Sport", "Weather"))
RELATED = "".join(f'<li><a href="/r{n}">Another headline about something else, number {n}</a></li>' for n in range(6))
AROUND = (
    f"<header><nav><ul>{SECTIONS}</ul></nav></header><div id='cookie-banner' class='cookie-consent'><p>We use cookies"
    " to improve your experience. By clicking accept you agree to our use of them.</p><button>Accept</button></div>",
    f"<aside class='related'><h3>Related articles</h3><ul>{RELATED}</ul></aside><section id='comments'"
    " class='comments'><h3>Comments</h3><div class='comment'><p>User1: I totally disagree, what a waste!</p></div>"
    "</section><footer><p>Copyright 2019 Example News. All rights reserved.</p></footer>",
)


def page(body: str, head: str = HEAD) -> str:
    return f'<!doctype html>\n<html lang="en-GB"><head>{head}</head><body>{AROUND[0]}{body}{AROUND[1]}</body></html>'


def article(paragraphs: tuple[str, ...] = SHORT) -> str:
    return f"<main><article><h1>{TITLE}</h1>{''.join(f'<p>{text}</p>' for text in paragraphs)}</article></main>"


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        (article(LONG), LONG),
        (article(SHORT), SHORT),
        (article(SHORT[:1]), SHORT[:1]),
        (f"<div class='content'><h1>{TITLE}</h1>{''.join(f'<div>{text}</div>' for text in SHORT)}</div>", SHORT),
        (f"<div class='story-body'><h1>{TITLE}</h1>{''.join(f'<p>{text}</p>' for text in LONG)}</div>", LONG),
        (f"<div id='text'><h1>{TITLE}</h1>{'<br><br>'.join(LONG)}</div>", LONG),
    ],
)
def test_the_text_of_a_page_is_the_article_and_nothing_around_it(body: str, paragraphs: tuple[str, ...]) -> None:
    assert read_page(page(body), LATEST) == Page(
        title=TITLE,
        text="\n".join(paragraphs),
        published_at=datetime(2024, 1, 31, tzinfo=UTC),
        outlet="Example News",
        url="https://example.org/2024/01/31/quake",
        language="en-GB",
    )


@pytest.mark.parametrize("fragment", [SHORT[0], f"<p>{SHORT[0]}</p>", f"<div><b>{SHORT[0]}</b></div>"])
def test_a_fragment_is_read_like_a_page(fragment: str) -> None:
    assert read_page(fragment, LATEST).text == SHORT[0]


DAY = '<meta property="article:published_time" content="2024-01-31">'
TIMED = '<meta property="article:published_time" content="2024-01-31T14:00:00+02:00">'
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def linked(data: str) -> str:
    return f'<script type="application/ld+json">{data}</script>'


@pytest.mark.parametrize(
    ("head", "published_at"),
    [
        (TIMED, NOON),
        (linked('{"@type": "NewsArticle", "datePublished": "2024-01-31T12:00:00Z"}'), NOON),
        (DAY + linked('{"@graph": [{"@type": ["X", "Article"], "datePublished": "2024-01-31T12:00:00Z"}]}'), NOON),
        (linked('{"@type": "Article", "datePublished": "2024-01-31"}') + TIMED, NOON),
        (linked('{"@type": "Comment", "datePublished": "2023-01-01T12:00:00Z"}') + TIMED, NOON),
        (linked("{broken") + linked("[" * 5000) + TIMED, NOON),
        (DAY, datetime(2024, 1, 31, tzinfo=UTC)),
        (DAY + "<time datetime='2024-01-31T12:00:00Z'></time><time datetime='2023-01-01T00:00:00Z'></time>", NOON),
        ('<meta property="article:published_time" content="soon">', None),
        ("", None),
    ],
)
def test_a_date_with_a_time_of_day_beats_a_day(head: str, published_at: datetime | None) -> None:
    assert read_page(page(article(), head), LATEST).published_at == published_at


def test_a_date_that_the_text_mentions_is_not_the_date_of_publication() -> None:
    body = article((*LONG, "On 3 January 2021 a quake of the same strength struck."))
    assert read_page(page(body, head=""), LATEST).published_at is None


@pytest.mark.parametrize(
    "html", ["", " ", "<html></html>", "<html><body></body></html>", "<script>x</script>", "<!-- -->"]
)
def test_a_page_without_text_has_none(html: str) -> None:
    assert read_page(html, LATEST).text == ""


@pytest.mark.parametrize(
    "html",
    [
        "<html><body>" + "<div>" * 90_000 + "x",
        "<html><body>" + "<p><b>" * 10_000 + "x",
        "<html><body>" + "<table><tr><td>" * 20_000,
        "<html>" + "< " * 90_000,
        "<html><body><p>" + "&#xD800;&#0;&#x110000;&nosuch;" * 1000,
        "<html><body><a href='" + "x" * 500_000,
        "<?xml version='1.0' encoding='utf-16'?><html><body><p>text</p></body></html>",
        "<html><frameset><frame src=x></frameset></html>",
        "<html><body><p>\x00\x01\ufffe\ud800</p></body></html>",
        "<html lang=''><head><link rel='canonical' href='http://[bad'><base href='//'></head><body>x</body></html>",
    ],
)
def test_a_hostile_page_is_read_or_refused_in_good_time(html: str) -> None:
    start = time.monotonic()
    try:
        for value in read_page(html, LATEST):
            if isinstance(value, str):
                value.encode()
    except UnreadablePage as error:
        assert error.code == "undecodable"  # noqa: PT017 - either outcome is right
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "html",
    [
        "<html><body>" + "<p>" * 100_001,
        "<html><body><p " + " ".join(f"a{number}='x'" for number in range(50_000)) + ">text</p>",
    ],
)
def test_a_page_that_would_take_minutes_is_refused(html: str) -> None:
    with pytest.raises(UnreadablePage) as error:
        read_page(html, LATEST)
    assert error.value.code == "oversized"


TAGS = st.sampled_from(
    ["<p>", "</p>", "<div>", "<a href='", "'>", "<!--", "<script>", "<html>", "<body>", "<table>", "<td"]
)


@settings(max_examples=60)
@given(st.lists(TAGS | st.text(max_size=20)).map("".join))
def test_nothing_but_a_refusal_is_raised(html: str) -> None:
    try:
        read_page(html, LATEST)
    except UnreadablePage as error:
        assert error.code in {"undecodable", "oversized"}  # noqa: PT017 - either outcome is right
