"""From a store's address to connections, and from a driver's errors to sentences."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import tenacity
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000"}
_PATIENCE_SECONDS = 60.0


class StoreError(RuntimeError):
    """The store cannot be used; the message names it and the remedy."""


def connect(url: str, patience: float | None = _PATIENCE_SECONDS) -> Engine:
    """Make an engine; nothing is connected before it is used.

    Parameters
    ----------
    url
        See `pipeline.store.Store.open`.
    patience
        Seconds that one statement may take, waiting for other writers included; none for as long as it takes.

    Raises
    ------
    StoreError
        If the address is none, or names a database that is not supported.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, patience)
    options: dict[str, Any] = {"timeout": patience}
    if parsed.query.get("tls") == "true":
        options["ssl_context"] = True  # the driver then checks certificate and host name
    parsed = parsed.difference_update_query(["tls"])
    if parsed.password is None:
        parsed = parsed.set(password=os.environ.get("WIREWATCH_STORE_PASSWORD"))
    return create_engine(parsed, json_serializer=_dumps, connect_args=options, pool_pre_ping=True)


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what a database or its driver says into a `StoreError` that names the store, without its password."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(f"store {engine.url.render_as_string()!r}: {_said(cause)}") from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        return parsed.set(drivername=_DRIVERS[parsed.drivername])
    except (ArgumentError, KeyError, ValueError) as error:
        raise StoreError(
            f"store {url!r} is no address of a supported database: write sqlite:///FILE or "
            "postgresql://USER@HOST/DATABASE"
        ) from error


def _sqlite(url: URL, patience: float | None) -> Engine:
    engine = create_engine(url, json_serializer=_dumps, connect_args={"timeout": patience or _PATIENCE_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver must not begin transactions by itself: it does so late, and not before it reads.
        connection.isolation_level = None
        _keep_a_log(connection, patience or _PATIENCE_SECONDS)
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # Who reads before it writes must ask for the lock at once: SQLite lets nobody wait for it half-way.
        at_once = connection.get_execution_options().get("locks_at_once", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if at_once else "BEGIN")

    return engine


def _keep_a_log(connection: sqlite3.Connection, patience: float) -> None:
    """Switch to write-ahead logging; while another process does so, SQLite says "locked" without any waiting."""
    switch = tenacity.retry(
        retry=tenacity.retry_if_exception_type(sqlite3.OperationalError),
        stop=tenacity.stop_after_delay(patience),
        wait=tenacity.wait_random(0.01, 0.1),
        reraise=True,
    )(connection.execute)
    switch("PRAGMA journal_mode = WAL")


def _said(cause: BaseException) -> str:
    """Give what went wrong in a line; PostgreSQL's driver hands over a whole record of which `M` is the message."""
    told = cause.args[0] if cause.args else cause
    return str(told.get("M", told) if isinstance(told, dict) else told).strip()


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()
