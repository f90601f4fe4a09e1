"""Which migration a database is at, and the way to another one."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from pipeline.store.connecting import StoreError

# Alembic hands its context to the migrations through names of its modules.
_ONE_AT_A_TIME = Lock()


def check(engine: Engine) -> None:
    """See to it that the tables are the newest; a database without any gets them.

    Raises
    ------
    StoreError
        If they are of another version: bringing them to this one is a decision, since an older Wirewatch may use them.
    """
    found, newest = current(engine), ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        _make_tables(engine)
    elif found != newest:
        raise StoreError(
            f"store {engine.url.render_as_string()!r} is at migration {found}, this Wirewatch needs {newest}: "
            "make a backup and run `wirewatch store migrate`, or use the Wirewatch that made it"
        )


def _make_tables(engine: Engine) -> None:
    try:
        migrate(engine)
    except DBAPIError:
        # Another process may have been quicker: both saw an empty database.
        if current(engine) is None:
            raise


def current(engine: Engine) -> str | None:
    """Name the migration that a database is at; none if it has no tables of ours."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> None:
    """Bring a database to the newest migration, all or nothing."""
    _run(engine, command.upgrade, "head")


def go_back(engine: Engine, target: str) -> None:
    """Undo the migrations after `target`, all or nothing; ``base`` means all of them, and then no data is left."""
    _run(engine, command.downgrade, target)


def _run(engine: Engine, step: Callable[[Config, str], None], target: str) -> None:
    config = _config()
    with _ONE_AT_A_TIME, engine.execution_options(locks_at_once=True).begin() as connection:
        config.attributes["connection"] = connection
        try:
            step(config, target)
        except CommandError as error:
            raise StoreError(
                f"store {engine.url.render_as_string()!r} cannot go to migration {target!r}: {error}; "
                f"there are base, {', '.join(_names(config))}"
            ) from error


def _names(config: Config) -> list[str]:
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    return config
