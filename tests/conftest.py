"""What every test may use, and the rule that in CI nothing is skipped unseen."""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import Postgres, what_is_missing
from tests.running import ROOT, Wirewatch

_numbers = count(1)

# A deadline for a single example would measure how busy the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """Return the folder of real news and engines that the developers keep beside the repository."""
    folder = pytestconfig.rootpath.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared, which only the developers have")
    return folder


@pytest.fixture
def samples() -> Path:
    return ROOT / "samples"


@pytest.fixture
def wirewatch(tmp_path: Path) -> Wirewatch:
    """Run the command line as a user does: in a process of its own."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipeline.main", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    return run


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a running server; a test that stops it starts it again."""
    if missing := what_is_missing():
        pytest.skip(f"needs a PostgreSQL server: {missing}")
    server = Postgres()
    server.start()
    yield server
    server.stop()
    server.throw_away()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """Return the address of an empty database."""
    return postgres.create_database(f"test{next(_numbers)}")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty store, of the one kind and of the other."""
    url: str = request.getfixturevalue(request.param)
    return url


def pytest_configure(config: pytest.Config) -> None:
    # The hooks of a conftest reach only the tests beside it; those of a plugin reach the doctests of pipeline/ too.
    config.pluginmanager.register(_SkipsFailInCI(), "skips-fail-in-ci")


class _SkipsFailInCI:
    # Outermost (tryfirst), so that an expected failure has been told from a skip by then: pytest calls both "skipped".
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if not hasattr(report, "wasxfail") and _fail_a_skip(report):
            report.when = "call"  # a skip in a fixture is shown as FAILED too, not as ERROR
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        _fail_a_skip(report)  # a module that skips as a whole: importorskip, or allow_module_level
        return report


def _fail_a_skip(report: pytest.TestReport | pytest.CollectReport) -> bool:
    if not report.skipped or os.environ.get("CI", "").lower() != "true":
        return False
    path, line, reason = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, str(report.longrepr))
    report.outcome = "failed"
    report.longrepr = (
        f"{path}:{line}: would skip, and with CI=true that is a failure. What was missing: "
        f"{reason.removeprefix('Skipped: ')}. Provide it, or leave the test out by its marker (-m)."
    )
    return True
