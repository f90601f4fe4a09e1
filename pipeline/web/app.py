"""The web application, put together."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from pipeline.store import StoreError
from pipeline.web import api, feeds, pages
from pipeline.web.measuring import Measured
from pipeline.web.security import LOOPBACK_NAMES, SecureHeaders, TokenNeeded
from pipeline.web.site import Site

_log = logging.getLogger(__name__)


def describe() -> FastAPI:
    """Put the routes together; enough for the OpenAPI document."""
    app = FastAPI(
        title="Wirewatch",
        version=version("wirewatch"),
        summary="Stories that emerge and grow in the news, and why each article is in its story.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        lifespan=_following,
    )
    for module in (api, feeds, pages):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(packages=[("pipeline.web", "static")]), name="static")
    app.add_exception_handler(api.StoryMerged, _moved)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(StoreError, _without_store)
    return app


def make_app(site: Site, token: str | None, host: str) -> FastAPI:
    """Make the application that is served.

    Parameters
    ----------
    site
        What it shows.
    token
        Who reads must show it. Without one only this machine may read, under its own names: a page of another host
        whose name is made to point here gets nothing.
    host
        The address that is listened on: one more name of this machine.
    """
    app = describe()
    app.state.site = site
    if token is None:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK_NAMES, host])
    else:
        app.add_middleware(TokenNeeded, token=token)
    app.add_middleware(SecureHeaders)
    app.add_middleware(Measured, metrics=site.metrics)
    return app


@asynccontextmanager
async def _following(app: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(app.state.site.changes.follow())
    yield
    task.cancel()


def _moved(request: Request, error: Exception) -> Response:
    assert isinstance(error, api.StoryMerged)
    folder, _, _ = request.url.path.rpartition("/")
    return RedirectResponse(f"{folder}/{error.into}", status_code=308)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _message(request, error.status_code, error.detail)


def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [f"{each['loc'][-1]}: {each['msg'][0].lower()}{each['msg'][1:]}" for each in error.errors()]
    return _message(request, 422, "; ".join(wrong))


def _without_store(request: Request, error: Exception) -> Response:
    # The message names the store's address: it is for the log, not for readers.
    _log.error("%s", error)
    return _message(request, 503, "The store of stories cannot be reached. Please try again in a moment.")


def _message(request: Request, status: int, detail: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status_code=status)
    return pages.render("message.html", status, status=status, detail=detail)
