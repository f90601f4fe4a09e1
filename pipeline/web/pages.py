"""The pages, made on the server: they work without the script, which only keeps them up to date."""

from collections.abc import AsyncIterator
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import HTMLResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.records import EventType
from pipeline.store.queries import find_stories, languages, last_change, outlets
from pipeline.store.views import RevisionView
from pipeline.web.api import MENTIONS_A_PAGE, Offset, StoryId, story_detail
from pipeline.web.charts import growth_chart
from pipeline.web.site import After, HasSite, Wanted, cursor_of, query_of
from pipeline.web.text import counted, machine_time, moment, safe_link, shown

_TOLD = {
    EventType.EMERGED: "Emerged",
    EventType.GREW: "Grew",
    EventType.SURGED: "Surged",
    EventType.MERGED: "Merged",
    EventType.CORRECTED: "Corrected",
    EventType.CLOSED: "Closed",
}

router = APIRouter(include_in_schema=False)

_templates = Environment(loader=PackageLoader("pipeline.web"), autoescape=True, undefined=StrictUndefined)
_templates.filters |= {
    "shown": shown,
    "safe_link": safe_link,
    "moment": moment,
    "machine_time": machine_time,
    "counted": counted,
    "told": _TOLD.__getitem__,
}
_templates.globals |= {"growth_chart": growth_chart}


def render(name: str, status_code: int = 200, **values: object) -> HTMLResponse:
    """Make a page from a template."""
    return HTMLResponse(_templates.get_template(name).render(values), status_code=status_code)


@router.get("/")
def show_stories(site: HasSite, wanted: Wanted, after: After) -> Response:
    with site.store.reading() as connection:
        # Asked before the stories: what changes in between is then told, not missed.
        change = last_change(connection)
        found = find_stories(connection, wanted, site.stories_per_page + 1, after)
        known_languages, known_outlets = languages(connection), outlets(connection)
    page = found[: site.stories_per_page]
    return render(
        "stories.html",
        stories=page,
        wanted=wanted,
        query=query_of(wanted),
        is_first=after is None,
        next_query=query_of(wanted, before=cursor_of(page[-1])) if len(found) > len(page) else None,
        change=change,
        languages=known_languages,
        outlets=known_outlets,
    )


@router.get("/stories/{story_id}")
def show_story(
    site: HasSite, story_id: StoryId, reports_from: Offset = 0, copies_from: Offset = 0, moved_from: Offset = 0
) -> Response:
    with site.store.reading() as connection:
        change = last_change(connection)
    found = story_detail(site, story_id, reports_from, copies_from, moved_from)
    return render(
        "story.html",
        detail=found,
        story=found.story,
        headlines=_headlines(found.revisions),
        reports_from=reports_from,
        copies_from=copies_from,
        moved_from=moved_from,
        page_size=MENTIONS_A_PAGE,
        change=change,
    )


@router.get("/live", response_class=EventSourceResponse)
async def tell_changes(
    site: HasSite,
    since: Annotated[int | None, Query()] = None,
    last_event_id: Annotated[int | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Tell the number of each change of the store, until the reader goes."""
    seen = since if last_event_id is None else last_event_id
    with site.metrics.watching.track_inprogress():
        while (number := await site.changes.other_than(seen)) is not None:
            yield ServerSentEvent(event="change", id=str(number), raw_data=str(number))
            seen = number


def _headlines(revisions: list[RevisionView]) -> list[RevisionView]:
    """Keep the first revision of each headline, the newest headline first."""
    runs = groupby(reversed(revisions), key=lambda revision: revision.headline)
    return [next(run) for _, run in runs][::-1]
