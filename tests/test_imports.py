"""The pure modules and the connectors load without Beam and without Kafka: tried in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

IMPORT_EVERYTHING = """
import importlib, importlib.util, pkgutil, sys

def modules(name):
    # A module that is not written yet is none; one that cannot be imported must fail.
    if importlib.util.find_spec(name) is None:
        return
    yield name
    package = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(package, "__path__", [])):
        yield from modules(f"{name}.{found.name}")

for root in sys.argv[1:]:
    for name in modules(root):
        importlib.import_module(name)
        heavy = sorted({"apache_beam", "kafka"} & sys.modules.keys())
        if heavy:
            sys.exit(f"importing {name} imports {' and '.join(heavy)}: move what needs them to transforms, "
                     "sources, sinks or hosts, or import it in the function that uses it")
        print(name)
"""


def import_everything(roots: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IMPORT_EVERYTHING, *roots]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "root",
    [
        "pipeline.records",
        "pipeline.config",
        "pipeline.events",
        "pipeline.detection",
        "pipeline.evaluation",
        "pipeline.explaining",
        "connectors",
    ],
)
def test_importing_it_imports_neither_beam_nor_kafka(root: str, pytestconfig: pytest.Config) -> None:
    result = import_everything([root], pytestconfig.rootpath)

    assert result.returncode == 0, result.stderr


def test_the_command_line_imports_what_a_command_needs_only_when_it_runs(pytestconfig: pytest.Config) -> None:
    heavy = "apache_beam", "kafka", "sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "jinja2", "trafilatura"
    code = f"import pipeline.main, sys; print(sorted({set(heavy)} & sys.modules.keys()))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"


def test_modules_of_a_package_are_walked(pytestconfig: pytest.Config) -> None:
    result = import_everything(["pipeline.evaluation"], pytestconfig.rootpath)

    assert {"pipeline.evaluation", "pipeline.evaluation.scores"} <= set(result.stdout.split())


def test_a_module_that_imports_kafka_is_named(tmp_path: Path) -> None:
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    (tmp_path / "outer" / "__init__.py").touch()
    (tmp_path / "outer" / "inner" / "__init__.py").touch()
    (tmp_path / "outer" / "inner" / "leak.py").write_text("import kafka\n")

    result = import_everything(["outer"], tmp_path)

    assert result.returncode == 1
    assert "importing outer.inner.leak imports kafka" in result.stderr
