"""A feed for every filter: JSON Feed 1.1 and Atom (RFC 4287)."""

from typing import Any
from xml.etree import ElementTree

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from pipeline.store.queries import Filter, find_stories
from pipeline.store.views import StoryView
from pipeline.web.site import HasSite, Wanted, query_of
from pipeline.web.text import counted, machine_time, shown

_STORIES = 50
_ATOM = "http://www.w3.org/2005/Atom"
_EPOCH = "1970-01-01T00:00:00Z"

router = APIRouter(tags=["feeds"])


@router.get("/feed.json", response_class=Response, responses={200: {"content": {"application/feed+json": {}}}})
def json_feed(request: Request, site: HasSite, wanted: Wanted) -> Response:
    """Give the stories that match as a JSON Feed."""
    base = str(request.base_url)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(wanted),
        "home_page_url": base + query_of(wanted),
        "feed_url": f"{base}feed.json{query_of(wanted)}",
        "items": [_json_item(base, story) for story in _found(site, wanted)],
    }
    return JSONResponse(feed, media_type="application/feed+json")


@router.get("/feed.atom", response_class=Response, responses={200: {"content": {"application/atom+xml": {}}}})
def atom_feed(request: Request, site: HasSite, wanted: Wanted) -> Response:
    """Give the stories that match as an Atom feed."""
    base = str(request.base_url)
    stories = _found(site, wanted)
    feed = ElementTree.Element("feed", xmlns=_ATOM)
    _add(feed, "title", _title(wanted))
    _add(feed, "id", f"{base}feed.atom{query_of(wanted)}")
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{base}feed.atom{query_of(wanted)}")
    _add(feed, "link", rel="alternate", type="text/html", href=base + query_of(wanted))
    _add(feed, "updated", machine_time(stories[0].told_at) if stories else _EPOCH)
    _add(_add(feed, "author"), "name", "Wirewatch")
    for story in stories:
        _add_entry(feed, base, story)
    text = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Response(text, media_type="application/atom+xml")


def _found(site: HasSite, wanted: Filter) -> list[StoryView]:
    with site.store.reading() as connection:
        return find_stories(connection, wanted, _STORIES)


def _title(wanted: Filter) -> str:
    given = [wanted.words, wanted.outlet, wanted.language]
    parts = [shown(text, 100) for text in given if text]
    if wanted.min_reports:
        parts.append(f"from {counted(wanted.min_reports, 'report')}")
    return ": ".join(["Wirewatch", ", ".join(parts)]) if parts else "Wirewatch"


def _json_item(base: str, story: StoryView) -> dict[str, Any]:
    return {
        "id": _urn(story),
        "url": f"{base}stories/{story.id}",
        "title": shown(story.headline),
        "content_text": _summary(story),
        "date_published": machine_time(story.first_seen),
        "date_modified": machine_time(story.told_at),
        "tags": [shown(word) for word in story.keywords],
        "language": story.language,
    }


def _add_entry(feed: ElementTree.Element, base: str, story: StoryView) -> None:
    entry = _add(feed, "entry")
    _add(entry, "id", _urn(story))
    _add(entry, "title", shown(story.headline))
    _add(entry, "link", rel="alternate", type="text/html", href=f"{base}stories/{story.id}")
    _add(entry, "published", machine_time(story.first_seen))
    _add(entry, "updated", machine_time(story.told_at))
    _add(entry, "summary", _summary(story))
    for word in story.keywords:
        _add(entry, "category", term=shown(word))


def _add(parent: ElementTree.Element, tag: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _summary(story: StoryView) -> str:
    numbers = [
        counted(story.num_reports, "report"),
        counted(story.num_copies, "copy", "copies"),
        counted(story.num_outlets, "outlet"),
    ]
    return f"{', '.join(numbers)}. {shown(', '.join(story.keywords))}"


def _urn(story: StoryView) -> str:
    return f"urn:wirewatch:story:{story.id}"
