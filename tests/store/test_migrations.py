"""The tables: made, undone and made again; what is of another version is refused."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from pipeline.store import Store, StoreError
from pipeline.store.connecting import connect
from pipeline.store.migrating import current, go_back, migrate
from pipeline.store.tables import metadata
from tests.running import ROOT, Wirewatch
from tests.store.making import event
from tests.store.reading import content


def test_migrations_make_the_tables_that_the_code_expects(store_url: str) -> None:
    engine = connect(store_url)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrations_go_down_and_up_again(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.apply([event(1)])
        newest = current(store.engine)
        go_back(store.engine, "base")
        assert set(inspect(store.engine).get_table_names()) == {"alembic_version"}
        migrate(store.engine)
        assert current(store.engine) == newest
        store.apply([event(1)])
        assert len(content(store)["stories"]) == 1


def test_many_may_open_an_empty_store_at_once(store_url: str) -> None:
    def open_and_apply(number: int) -> None:
        with Store.open(store_url) as store:
            store.apply([event(number)])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_and_apply, range(8)))
    with Store.open(store_url) as store:
        assert len(content(store)["stories"]) == 8


def test_several_processes_may_make_the_tables_at_once(store_url: str) -> None:
    code = "import sys; from pipeline.store import Store; Store.open(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", code, store_url], cwd=ROOT) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]


def test_a_store_of_another_version_is_refused_with_the_remedy(store_url: str) -> None:
    with Store.open(store_url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match=r"at migration 0000, this Wirewatch needs .* `wirewatch store migrate`"):
        Store.open(store_url)


def test_the_command_migrates_there_and_back(wirewatch: Wirewatch) -> None:
    assert "the store is at migration 0001" in wirewatch("store", "migrate").stdout
    assert "the store is at migration base" in wirewatch("store", "migrate", "--back-to", "base").stdout
    told = wirewatch("store", "migrate", "--back-to", "9999")
    assert told.returncode == 1
    assert "cannot go to migration '9999'" in told.stderr
    assert "there are base, 0001" in told.stderr


@pytest.mark.parametrize("url", ["mysql://somewhere/db", "nothing", "sqlite+aiosqlite:///x.db"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="no address of a supported database"):
        Store.open(url)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreError) as refused:
        Store.open("postgresql://me:secret@127.0.0.1:1/stories")
    assert "127.0.0.1:1/stories" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_sqlite_file_that_cannot_be_made_is_named() -> None:
    with pytest.raises(StoreError, match=r"/nowhere/store.db.*unable to open"):
        Store.open("sqlite:////nowhere/store.db")
