"""Whether the server lives, and whether it can answer."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from pipeline.store import StoreError
from pipeline.store.queries import last_change
from pipeline.web.site import HasSite

router = APIRouter(tags=["operations"])


@router.get("/healthz", response_class=PlainTextResponse)
async def is_alive() -> str:
    """Say that the server runs."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses={503: {"description": "The store does not answer"}})
def is_ready(site: HasSite) -> PlainTextResponse:
    """Say whether the store answers."""
    try:
        with site.store.reading() as connection:
            last_change(connection)
    except StoreError:
        return PlainTextResponse("the store does not answer\n", status_code=503)
    return PlainTextResponse("ready\n")
