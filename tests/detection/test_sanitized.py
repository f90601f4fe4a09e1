"""The compiled loops touch no foreign memory: the same tests, run with them built to be watched."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.running import ROOT

_RUN = """
import importlib.util, sys
import pytest
spec = importlib.util.spec_from_file_location("pipeline.detection._native", sys.argv[1])
sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.exit(pytest.main(["-q", "-s", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


def _library(name: str) -> str | None:
    """Find a library of the compiler's, which names it only if it has it."""
    compiler = shutil.which("gcc")
    found = compiler and subprocess.check_output([compiler, f"-print-file-name={name}"], text=True).strip()
    return found if found and os.path.isabs(found) else None


def test_no_foreign_memory_is_touched(tmp_path: Path) -> None:
    libraries = _library("libasan.so"), _library("libubsan.so")
    if not all(libraries):
        pytest.skip("needs gcc with its sanitizers")
    built = tmp_path / "_native.so"
    sources = sorted(map(str, (ROOT / "pipeline/detection/native").glob("*.c")))
    flags = [
        "-g",
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover",
        "-ffp-contract=off",
        "-shared",
        "-fPIC",
    ]
    headers = sysconfig.get_paths()["include"]
    subprocess.run(["gcc", *flags, "-Wall", f"-I{headers}", *sources, "-o", str(built), "-lm"], check=True)
    # Python itself lets go of less than it takes, and its own memory pools would hide what goes wrong within them.
    watched = {"LD_PRELOAD": " ".join(map(str, libraries)), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    tests = [f"tests/detection/test_{name}.py" for name in ("kernels", "index", "vocabulary")]
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(built), *tests],
        cwd=ROOT,
        env=os.environ | watched,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
