"""What every route needs, and the parameters that pages, API and feeds have in common."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Query, Request
from pydantic import BeforeValidator, Field

from pipeline.store import Store
from pipeline.store.queries import Cursor, Filter
from pipeline.store.views import StoryView
from pipeline.web.live import Changes
from pipeline.web.measuring import ServeMetrics

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """A store and how it is shown."""

    store: Store
    changes: Changes
    metrics: ServeMetrics
    stories_per_page: int


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _absent(value: Any) -> Any:
    """An empty field of a form was left empty."""
    return None if isinstance(value, str) and not value.strip() else value


# The bounds are those of the inner type: they are not for what is absent.
_Language = Annotated[Annotated[str, Field(max_length=64)] | None, BeforeValidator(_absent)]
_Outlet = Annotated[Annotated[str, Field(max_length=1000)] | None, BeforeValidator(_absent)]
_Words = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_absent)]
_MinReports = Annotated[Annotated[int, Field(ge=1, lt=2**31)] | None, BeforeValidator(_absent)]


def _filter(
    language: Annotated[_Language, Query()] = None,
    outlet: Annotated[_Outlet, Query(description="Its whole name, as stories show it.")] = None,
    words: Annotated[_Words, Query(description="All of them stand in a headline or among the keywords.")] = None,
    min_reports: Annotated[_MinReports, Query()] = None,
    status: Annotated[
        Literal["open", "all"], Query(description="`all` gives closed and withdrawn stories too.")
    ] = "open",
) -> Filter:
    return Filter(language, outlet, words, min_reports, status)


def _cursor(
    before: Annotated[
        str | None, Query(pattern=r"^-?\d{1,18}-[0-9a-f]{16}$", description="`next` of the page before.")
    ] = None,
) -> Cursor | None:
    if before is None:
        return None
    micros, _, story_id = before.rpartition("-")
    try:
        return Cursor(_EPOCH + timedelta(microseconds=int(micros)), story_id)
    except OverflowError:
        raise HTTPException(422, "before: lies beyond the calendar; give the `next` of a page") from None


HasSite = Annotated[Site, Depends(_site)]
Wanted = Annotated[Filter, Depends(_filter)]
After = Annotated[Cursor | None, Depends(_cursor)]


def cursor_of(story: StoryView) -> str:
    """Name the place after a story, as the parameter ``before`` takes it."""
    return f"{(story.told_at - _EPOCH) // timedelta(microseconds=1)}-{story.id}"


def query_of(wanted: Filter, **more: str) -> str:
    """Write a filter as the query of an address, with its question mark; empty where all is as usual."""
    usual = Filter()
    given = {
        name: getattr(wanted, name)
        for name in ("language", "outlet", "words", "min_reports", "status")
        if getattr(wanted, name) != getattr(usual, name)
    }
    query = urlencode(given | more)
    return f"?{query}" if query else ""
