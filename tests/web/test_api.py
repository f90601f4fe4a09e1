"""The API and the feeds: what they say of themselves is what they give."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import jsonschema
import orjson
import pytest

from pipeline.records import EventType, Role, RunnerUp, StoryStatus
from tests.running import ROOT, Wirewatch
from tests.store.making import event, merged, report, story_id
from tests.web.serving import Served, served

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "</title><script>alert(1)</script> & \x01\x0b\x1b\ufffe \u202eevil"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with twelve stories: 1 has every kind of mention, 2 a hostile headline, 12 is closed."""
    folder = tmp_path_factory.mktemp("site")
    with served(folder, f"sqlite:///{folder / 'store.db'}") as running:
        mentions = [
            report("a", 1),
            report("b", 2, similarity=0.5, terms=("keel",), runner_up=RunnerUp(story_id(2), 0.3)),
            report("c", 3, role=Role.COPY, similarity=0.9, outlet=None, url=None),
            report("a", 4, role=Role.REVISION, title="Later"),
            report("b", 5, role=Role.TAKEDOWN),
            report("d", 6),
            report("d", 6, role=Role.MOVED, moved_to=story_id(3)),
        ]
        running.store.apply([event(1, 1, *mentions), event(1, 4, headline="Lighthouse lit again")])
        running.store.apply([event(2, 1, headline=HOSTILE, keywords=("<b>", "\x00"))])
        running.store.apply([event(number) for number in range(3, 12)])
        running.store.apply([event(12, 2, type=EventType.CLOSED, status=StoryStatus.CLOSED)])
        running.store.apply([event(13), merged(13, into=1)])
        yield running


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return orjson.loads((ROOT / "schemas" / "openapi.json").read_bytes())


def validate(document: dict[str, Any], name: str, value: object) -> None:
    jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    ).validate(value)


def test_the_document_in_schemas_is_the_one_that_the_code_gives(
    wirewatch: Wirewatch, site: Served, document: dict[str, Any]
) -> None:
    printed = wirewatch("serve", "--openapi").stdout
    assert printed == (ROOT / "schemas" / "openapi.json").read_text(), (
        "renew it: .venv/bin/wirewatch serve --openapi > schemas/openapi.json"
    )
    assert site.get_json("/openapi.json") == document


def test_a_list_of_stories_is_as_documented_and_leads_on(site: Served, document: dict[str, Any]) -> None:
    ids, query = [], "?limit=5&status=all"
    while True:
        page = site.get_json(f"/api/stories{query}")
        validate(document, "StoryList", page)
        ids += [story["id"] for story in page["stories"]]
        if page["next"] is None:
            break
        query = f"?limit=5&status=all&before={page['next']}"
    assert sorted(ids) == [story_id(number) for number in range(1, 13)]
    assert site.get_json("/api/stories")["next"] is None


def test_a_story_is_as_documented(site: Served, document: dict[str, Any]) -> None:
    detail = site.get_json(f"/api/stories/{story_id(1)}")
    validate(document, "StoryDetail", detail)
    assert detail["story"]["headline"] == "Lighthouse lit again"
    assert detail["num_missing_revisions"] == 2
    first, second = detail["reports"]
    assert (first["title"], first["revised_at"], first["similarity"]) == ("Later", "2031-05-01T06:04:00Z", None)
    assert (second["withdrawn"], second["title"], second["url"], second["terms"]) == (True, None, None, ["keel"])
    assert second["runner_up"]["story_id"] == story_id(2)
    assert [copy["article_id"] for copy in detail["copies"]] == ["c"]
    (moved,) = detail["moved"]
    assert (moved["article_id"], moved["moved_to"]["story_id"]) == ("d", story_id(3))
    assert site.get_json(f"/api/stories/{story_id(1)}?reports_from=1")["reports"] == [second]


def test_text_in_the_api_is_as_it_came(site: Served) -> None:
    story = site.get_json(f"/api/stories/{story_id(2)}")["story"]
    assert story["headline"] == HOSTILE
    assert story["keywords"] == ["<b>", "\u2400"]


def test_choices_are_as_documented(site: Served, document: dict[str, Any]) -> None:
    choices = site.get_json("/api/choices")
    validate(document, "Choices", choices)
    assert choices["languages"] == ["en"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "before=yesterday", "min_reports=0", "status=some"])
def test_what_is_not_understood_is_refused_by_name(site: Served, query: str) -> None:
    refused = site.get(f"/api/stories?{query}")
    assert refused.status == 422
    assert orjson.loads(refused.data)["detail"].startswith(f"{query.split('=')[0]}: ")


def test_a_cursor_beyond_the_calendar_is_refused(site: Served) -> None:
    assert site.get(f"/api/stories?before={'9' * 18}-{story_id(1)}").status == 422
    assert site.get(f"/?before=-{'9' * 18}-{story_id(1)}").status == 422


def test_the_json_feed_has_what_a_reader_needs(site: Served) -> None:
    answer = site.get("/feed.json?words=lit")
    assert answer.headers["Content-Type"].startswith("application/feed+json")
    feed = orjson.loads(answer.data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{site.address}/feed.json?words=lit"
    (item,) = feed["items"]
    assert item["id"] == f"urn:wirewatch:story:{story_id(1)}"
    assert item["url"] == f"{site.address}/stories/{story_id(1)}"
    assert item["title"] == "Lighthouse lit again"
    assert item["content_text"].startswith("6 reports, 0 copies, 2 outlets")


def test_the_atom_feed_is_well_formed_whatever_a_headline_holds(site: Served) -> None:
    answer = site.get("/feed.atom")
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.data)
    titles = {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")}
    assert len(titles) == 11
    hostile = titles[f"urn:wirewatch:story:{story_id(2)}"]
    assert hostile == "</title><script>alert(1)</script> & ␁␋␛\ufffd evil"
    newest = feed.findtext(f"{ATOM}updated")
    assert newest == max(entry.findtext(f"{ATOM}updated") or "" for entry in feed.iter(f"{ATOM}entry"))


def test_a_feed_keeps_to_its_filter(site: Served) -> None:
    query = f"?words={quote('lighthouse')}&min_reports=6"
    feed = ElementTree.fromstring(site.get(f"/feed.atom{query}").data)
    assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == ["Lighthouse lit again"]
    assert "lighthouse, from 6 reports" in (feed.findtext(f"{ATOM}title") or "")


def test_a_feed_of_nothing_is_still_a_feed(site: Served) -> None:
    feed = ElementTree.fromstring(site.get("/feed.atom?words=nothingofthekind").data)
    assert feed.findtext(f"{ATOM}updated")
    assert orjson.loads(site.get("/feed.json?words=nothingofthekind").data)["items"] == []


def test_the_page_says_where_an_article_went(site: Served) -> None:
    page = site.get(f"/stories/{story_id(1)}").data.decode()
    moved = page.split('id="moved"', 1)[1]
    assert f'It is now in <a href="/stories/{story_id(3)}"' in moved
    assert "Title of d" in moved
    assert "Title of d" not in page.split('id="moved"', 1)[0]
