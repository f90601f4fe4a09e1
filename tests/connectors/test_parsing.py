"""From one article's bytes to an article, or to the reason why not."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.identity import canonical_url, identify
from connectors.parsing import NOTES, ParsedArticle, parse
from pipeline.records import MalformedArticle, MediaType, RawArticle

SEEN_AT = datetime(2024, 6, 1, tzinfo=UTC)
PLAUSIBLE = (datetime(1980, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
CODES = {"empty", "undecodable", "malformed-json", "wrong-shape", "bad-observed-at", "oversized"}


def parse_bytes(data: bytes, media_type: MediaType = "json", archive: bool = True) -> ParsedArticle:
    parsed = parse(RawArticle("in.jsonl:7", data, media_type, SEEN_AT), plausible=PLAUSIBLE, archive=archive)
    check(parsed)
    return parsed


def check(parsed: ParsedArticle) -> None:
    """Check what every article must be: writable as UTF-8, readable again, in UTC."""
    article = parsed.article
    article.to_json()
    assert article.source == "in.jsonl:7"
    assert article.id
    assert set(parsed.notes) <= set(NOTES)
    assert len(set(parsed.notes)) == len(parsed.notes)
    for moment in (article.observed_at, article.published_at, article.updated_at):
        assert moment is None or moment.tzinfo is UTC


def parse_fields(*, archive: bool = True, **fields: Any) -> ParsedArticle:
    return parse_bytes(orjson.dumps({"title": "Title", **fields}), archive=archive)


def refusal(data: bytes, media_type: MediaType = "json") -> str:
    with pytest.raises(MalformedArticle) as error:
        parse_bytes(data, media_type)
    assert str(error.value).startswith(error.value.code + ": ")
    assert "in.jsonl:7" in str(error.value)
    return error.value.code


# JSON


def test_all_fields_are_taken() -> None:
    fields = {
        "id": "a1",
        "url": "https://example.org/a?utm_source=x",
        "outlet": "Example News",
        "title": " Title ",
        "text": "\nText\r\nof two lines ",
        "language": "en",
        "published_at": "2024-01-31T12:00:00Z",
        "observed_at": "2024-01-31T12:00:05.000001Z",
        "updated_at": "2024-01-31T13:00:00+01:00",
        "deleted": False,
    }
    article, notes = parse_fields(**fields)
    assert (article.id, article.url, article.outlet, article.language) == (
        *("a1", "https://example.org/a?utm_source=x", "Example News", "en"),
    )
    assert (article.title, article.text) == ("Title", "Text\nof two lines")
    assert (article.published_at, article.updated_at, article.deleted) == (NOON, NOON, False)
    assert article.observed_at == NOON + timedelta(seconds=5, microseconds=1)
    assert notes == ()


def test_what_an_article_writes_is_what_is_read() -> None:
    article = parse_fields(text="Text", url="http://a.example/b", published_at=1706702400, language="de").article
    assert replace(parse_bytes(article.to_json()).article) == article


def test_null_is_the_same_as_absent() -> None:
    names = ("id", "url", "outlet", "text", "html", "language", "lang", "published_at", "observed_at", "updated_at")
    assert parse_fields(**dict.fromkeys((*names, "deleted"))) == parse_fields()


def test_unknown_fields_are_noted_once() -> None:
    assert parse_fields(story=1, split="x").notes == ("unknown-field",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_json_may_be_in_any_unicode_encoding(encoding: str) -> None:
    assert parse_bytes('{"title": "Żółć €"}'.encode(encoding)).article.title == "Żółć €"


@pytest.mark.parametrize(
    "data", [b'{"title": "caf\xe9"}', b'{"title": "\xed\xa0\x80"}', b"\xff\xfe\x00\xd8", "{}".encode("utf-16")[:-1]]
)
def test_other_bytes_are_undecodable(data: bytes) -> None:
    assert refusal(data) == "undecodable"


@pytest.mark.parametrize(
    "data", [b"{", b'{"title": "a"} x', b"{'title': 1}", b"nonsense", b"[" * 5000, b'{"title": NaN}']
)
def test_bad_json_is_malformed(data: bytes) -> None:
    assert refusal(data) == "malformed-json"


@pytest.mark.parametrize("data", [b"[]", b"1", b'"text"', b"null", b"true", b"[" * 900 + b"]" * 900])
def test_what_is_no_object_has_the_wrong_shape(data: bytes) -> None:
    assert refusal(data) == "wrong-shape"


@pytest.mark.parametrize("value", [1.5, True, [], {}, [[[["x" * 1000]]]]])
@pytest.mark.parametrize("name", ["id", "url", "outlet", "title", "text", "html", "language", "lang"])
def test_a_field_of_the_wrong_type_is_named(name: str, value: object) -> None:
    with pytest.raises(MalformedArticle) as error:
        parse_fields(**{name: value})
    assert error.value.code == "wrong-shape"
    assert f"has a {name} that is a" in str(error.value)
    assert len(str(error.value)) < 250


def test_deleted_is_true_or_false() -> None:
    for value in ("true", 1, []):
        assert refusal(orjson.dumps({"title": "a", "deleted": value})) == "wrong-shape"


def test_a_takedown_needs_an_id_or_a_url_and_nothing_else() -> None:
    assert parse_bytes(b'{"id": 7, "deleted": true}').article.deleted
    by_url = parse_bytes(b'{"url": "https://example.org/a", "deleted": true}').article
    assert by_url.id == parse_fields(url="https://example.org/a").article.id
    assert refusal(b'{"title": "a", "deleted": true}') == "wrong-shape"


@pytest.mark.parametrize(
    "data", [b"{}", b'{"title": " ", "text": "\\n"}', b'{"title": "?!", "text": "_\xe2\x80\x94"}', b"", b" "]
)
def test_an_article_without_words_is_empty(data: bytes) -> None:
    assert refusal(data) == "empty"


@pytest.mark.parametrize("title", ["7", "é", "你", "ا"])
def test_one_letter_or_digit_of_any_script_is_enough(title: str) -> None:
    assert parse_bytes(orjson.dumps({"title": title})).article.title == title
    assert parse_bytes(orjson.dumps({"text": title})).article.text == title


def test_lone_surrogates_become_replacement_characters() -> None:
    article, notes = parse_bytes(rb'{"title": "a\ud83d b\ude00 c\ud83d\ude00 d\\ud83d \ud83d\n", "text": "\"\uDFFF\""}')
    assert article.title == "a\ufffd b\ufffd c\U0001f600 d\\ud83d \ufffd"
    assert article.text == '"\ufffd"'
    assert notes == ("lone-surrogate",)


def test_controls_are_removed() -> None:
    article, _ = parse_fields(title="\0Ti\x1btle\x0b", text="a\tb\nc\r\nd\re\x00\x0c")
    assert (article.title, article.text) == ("Title", "a\tb\nc\nd\ne")


@pytest.mark.parametrize(
    ("tag", "language", "is_noted"),
    [
        *(("en", "en", False), ("en-GB", "en", False), ("EN", "en", False), ("pt_BR", "pt", False), ("", None, False)),
        *(("zh-Hant-TW", "zh", False), ("fil", "fil", False), (" de ", "de", False), ("und", None, False)),
        *(("???", None, True), ("english language", None, True), ("e", None, True), ("-", None, True)),
    ],
)
def test_languages_are_reduced_to_their_primary_tag(tag: str, language: str | None, is_noted: bool) -> None:
    for name in ("language", "lang"):
        article, notes = parse_fields(**{name: tag})
        assert article.language == language
        assert notes == (("unreadable-language",) if is_noted else ())


def test_language_wins_over_its_alias() -> None:
    assert parse_fields(language="fr", lang="de").article.language == "fr"
    assert parse_fields(language=None, lang="de").article.language == "de"


# Times


@pytest.mark.parametrize(
    ("fields", "archive", "observed_at"),
    [
        ({"observed_at": "2024-01-31T12:00Z", "published_at": "2024-01-01"}, True, NOON),
        ({"observed_at": "2024-01-31T12:00Z", "published_at": "2024-01-01"}, False, NOON),
        ({"published_at": "2024-01-31T12:00Z"}, True, NOON),
        ({"published_at": "2024-01-31T12:00Z"}, False, SEEN_AT),
        ({"published_at": "1970-01-01"}, True, SEEN_AT),
        ({"published_at": "nonsense"}, True, SEEN_AT),
        ({}, True, SEEN_AT),
    ],
)
def test_event_time_is_the_first_that_is_known(fields: dict[str, str], archive: bool, observed_at: datetime) -> None:
    assert parse_fields(archive=archive, **fields).article.observed_at == observed_at


def test_seen_at_is_taken_in_utc() -> None:
    raw = RawArticle("in.jsonl:7", b'{"title": "a"}', "json", NOON.astimezone(timezone(timedelta(hours=5))))
    check(parse(raw, plausible=PLAUSIBLE))


@pytest.mark.parametrize("value", ["nonsense", "", [], True, 1e300, "0001-01-01T00:00+01:00", "x" * 10_000])
def test_dates_that_are_none(value: object) -> None:
    assert refusal(orjson.dumps({"title": "a", "observed_at": value})) == "bad-observed-at"
    for name in ("published_at", "updated_at"):
        article, notes = parse_fields(**{name: value})
        assert getattr(article, name) is None
        assert notes == (f"unreadable-{name.replace('_', '-')}",)


def test_the_plausible_range_includes_its_ends() -> None:
    for moment in PLAUSIBLE:
        assert parse_fields(published_at=moment.isoformat()).article.published_at == moment
    for moment in (PLAUSIBLE[0] - timedelta(microseconds=1), PLAUSIBLE[1] + timedelta(microseconds=1)):
        article, notes = parse_fields(published_at=moment.isoformat())
        assert (article.published_at, notes) == (None, ("implausible-published-at",))


# Ids


def test_ids_may_be_numbers() -> None:
    assert parse_fields(id=0).article.id == "0"
    assert parse_fields(id=" a ").article.id == "a"


def test_without_an_id_the_canonical_url_is_hashed() -> None:
    urls = ("https://Example.org/a?b=1&utm_source=x", "https://example.org/a?b=1#top", " https://example.org/a?b=1 ")
    assert {parse_fields(url=url).article.id for url in urls} == {"url:86cd4a639f3ed4a7"}
    assert parse_fields(id="", url=urls[0], text="x").article.id == "url:86cd4a639f3ed4a7"


def test_without_a_url_the_content_is_hashed() -> None:
    first, second = (parse_bytes(b"Title\n\nText", "text") for _ in range(2))
    assert first.article.id == second.article.id == parse_fields(url="", text="Text").article.id
    assert first.article.id == identify(None, "Title", "Text") == "text:47b43bb03f049e1e"
    assert identify(None, "Title Text", "") != first.article.id != identify(None, "", "Title\nText")


def test_addresses_with_a_bare_word_for_a_query_stay_apart() -> None:
    assert canonical_url("https://example.org/news?20240131") != canonical_url("https://example.org/news?20240201")


@given(st.text() | st.text("htps:/?&=#%[]@.{}<> \\").map("http://a.example/".__add__) | st.just("{" * 100_000))
def test_any_address_gives_an_id(url: str) -> None:
    assert len(identify(url.encode("utf-8", "replace").decode() or "x", "", "")) == len("url:") + 16


# Text and pages


@pytest.mark.parametrize(
    ("data", "title", "text"),
    [
        (b"Title\nText\nmore", "Title", "Text\nmore"),
        (b"\xef\xbb\xbf\r\n \r\n Title \r\n\r\nText\r\n", "Title", "Text"),
        (b"Title", "Title", ""),
        (
            "Titre\n\nÉté à Genève, où les élèves fêtent Noël".encode("cp1252"),
            "Titre",
            "Été à Genève, où les élèves fêtent Noël",
        ),
        ("Titel\nText".encode("utf-16"), "Titel", "Text"),
    ],
)
def test_the_first_line_of_a_text_is_its_title(data: bytes, title: str, text: str) -> None:
    article = parse_bytes(data, "text").article
    assert (article.title, article.text, article.observed_at) == (title, text, SEEN_AT)


@pytest.mark.parametrize("media_type", ["text", "html"])
def test_binary_data_is_undecodable(media_type: MediaType) -> None:
    assert refusal(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", media_type) == "undecodable"


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n", b"...\n---"])
def test_a_text_without_words_is_empty(data: bytes) -> None:
    assert refusal(data, "text") == "empty"


PAGE = (
    '<html lang="fr-CA"><head><meta charset="iso-8859-1"><title>Séisme</title><meta property="og:site_name"'
    ' content="Le Journal"><link rel="canonical" href="https://example.org/seisme"><meta'
    ' property="article:published_time" content="2024-01-31T14:00:00+02:00"></head><body><article><p>Un fort séisme a'
    " secoué la côte nord tôt mercredi matin, selon les autorités.</p></article></body></html>"
)


def test_a_page_tells_all_about_itself() -> None:
    article, notes = parse_bytes(PAGE.encode("cp1252"), "html")
    assert (article.title, article.outlet, article.url) == ("Séisme", "Le Journal", "https://example.org/seisme")
    assert article.text == "Un fort séisme a secoué la côte nord tôt mercredi matin, selon les autorités."
    assert (article.published_at, article.observed_at, article.language) == (NOON, NOON, "fr")
    assert article.id == identify("https://example.org/seisme", "", "")
    assert notes == ()


@pytest.mark.parametrize(
    "data", [b"<html><head><title>Only a title</title></head><body></body></html>", b"", b"<p></p>"]
)
def test_a_page_without_text_is_empty(data: bytes) -> None:
    assert refusal(data, "html") == "empty"


def test_html_in_json_stands_in_for_a_missing_text_and_title() -> None:
    html = "<p>A strong earthquake shook the coast, officials said.</p>"
    assert parse_fields(html=html).article.text == "A strong earthquake shook the coast, officials said."
    assert parse_fields(html=html, text="Text").article.text == "Text"
    assert parse_fields(html=PAGE).article.title == "Title"
    assert parse_fields(title=None, html=PAGE).article.title == "Séisme"
    assert parse_fields(html="").article.text == ""


def test_html_that_cannot_be_read_leaves_the_title() -> None:
    article, notes = parse_fields(html="<p>" * 100_001)
    assert (article.title, article.text, notes) == ("Title", "", ("unreadable-html",))
    assert refusal(orjson.dumps({"html": "<p>" * 100_001})) == "oversized"
    assert refusal(b"<p>" * 100_001, "html") == "oversized"


# Anything at all


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = (
    "id",
    "url",
    "outlet",
    "title",
    "text",
    "language",
    "lang",
    "published_at",
    "observed_at",
    "updated_at",
    "deleted",
)


def parse_or_refuse(data: bytes, media_type: MediaType) -> None:
    try:
        parse_bytes(data, media_type)
    except MalformedArticle as error:
        assert error.code in CODES  # noqa: PT017 - either outcome is right
        str(error).encode()


@given(st.binary() | st.text().map(str.encode), st.sampled_from(["json", "text", "html"]))
def test_any_bytes_are_parsed_or_refused(data: bytes, media_type: MediaType) -> None:
    parse_or_refuse(data, media_type)


@given(JSON | st.dictionaries(st.sampled_from(NAMES), JSON | st.text()), st.booleans())
def test_any_json_is_parsed_or_refused(value: object, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    parse_or_refuse(text.encode("utf-8", "surrogatepass"), "json")


def test_json_is_parsed_without_loading_what_it_does_not_need() -> None:
    program = """
import sys
from datetime import UTC, datetime
from connectors.files import read_file
from connectors.parsing import parse
from pipeline.records import RawArticle
moment = datetime(2024, 1, 1, tzinfo=UTC)
raw = RawArticle("x", b'{"id": 1, "title": "a", "published_at": "2024-01-01"}', "json", moment)
parse(raw, plausible=(moment, moment))
slow = {"trafilatura", "courlan", "lxml", "charset_normalizer", "zstandard", "email.utils", "apache_beam", "kafka"}
print(sorted(slow & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
