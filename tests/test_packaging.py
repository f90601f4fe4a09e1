"""What is built holds what the commands need besides code."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.running import ROOT


def test_a_wheel_holds_compiled_loops_templates_styles_scripts_and_migrations(tmp_path: Path) -> None:
    # From a copy: building leaves folders behind.
    for name in ("pipeline", "connectors"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-c", "from setuptools import build_meta; build_meta.build_wheel('.')"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("web/templates", "web/static", "store/migrations/versions"):
        files = [path for path in (ROOT / "pipeline" / folder).iterdir() if path.is_file()]
        assert files
        assert {f"pipeline/{folder}/{path.name}" for path in files} <= names
    assert any(name.startswith("pipeline/detection/_native.") and not name.endswith((".c", ".pyi")) for name in names)
