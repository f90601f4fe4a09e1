"""The hooks of conftest.py, tried on small test files of their own."""

from pathlib import Path
from textwrap import dedent

import pytest

SKIPS = {
    "call": "def test_it(): pytest.skip('no broker')",
    "fixture": """
        @pytest.fixture
        def broker(): pytest.skip('no broker')
        def test_it(broker): pass
        """,
    "skipif": "@pytest.mark.skipif(True, reason='no broker')\ndef test_it(): pass",
    "skip mark": "@pytest.mark.skip(reason='no broker')\ndef test_it(): pass",
    "importorskip": "def test_it(): pytest.importorskip('broker', reason='no broker')",
    "unittest": """
        import unittest
        class Test(unittest.TestCase):
            def test_it(self): self.skipTest('no broker')
        """,
}

MODULE_SKIPS = {
    "allow_module_level": "pytest.skip('no broker', allow_module_level=True)",
    "importorskip": "pytest.importorskip('broker', reason='no broker')",
}


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder that holds a repository with our conftest in its tests/, in CI."""
    tests = pytester.path / "repository" / "tests"
    tests.mkdir(parents=True)
    (tests / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    monkeypatch.setenv("CI", "true")
    return pytester


def run(inner: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    repository = inner.path / "repository"
    (repository / "tests" / "test_inner.py").write_text("import pytest\n" + dedent(code))
    # Hypothesis' plugin would be imported anew by each inner run, which costs half a second.
    return inner.runpytest_inprocess(
        "--rootdir", str(repository), "-p", "no:hypothesispytest", *arguments, str(repository)
    )


@pytest.mark.parametrize("code", SKIPS.values(), ids=SKIPS.keys())
def test_in_ci_a_test_that_would_skip_fails_and_says_what_was_missing(inner: pytest.Pytester, code: str) -> None:
    result = run(inner, code)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*with CI=true that is a failure. What was missing: no broker.*"])


@pytest.mark.parametrize("code", MODULE_SKIPS.values(), ids=MODULE_SKIPS.keys())
def test_in_ci_a_module_that_would_skip_is_an_error(inner: pytest.Pytester, code: str) -> None:
    result = run(inner, code + "\ndef test_it(): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*What was missing: no broker.*"])


def test_in_ci_a_skipped_doctest_outside_tests_fails(inner: pytest.Pytester) -> None:
    (inner.path / "repository" / "documented.py").write_text('"""\n>>> 1  # doctest: +SKIP\n1\n"""')

    result = run(inner, "def test_it(): pass", "--doctest-modules")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*documented.py*would skip, and with CI=true that is a failure*"])


def test_in_ci_a_skipped_subtest_fails(inner: pytest.Pytester) -> None:
    result = run(inner, "def test_it(subtests):\n    with subtests.test('a'): pytest.skip('no broker')")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*What was missing: no broker.*"])


@pytest.mark.parametrize("code", SKIPS.values(), ids=SKIPS.keys())
def test_elsewhere_a_skip_stays_a_skip(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.delenv("CI")

    run(inner, code).assert_outcomes(skipped=1)


@pytest.mark.parametrize("ci", ["", "false"])
def test_a_ci_variable_that_is_not_true_changes_nothing(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)

    run(inner, SKIPS["call"]).assert_outcomes(skipped=1)


def test_in_ci_an_expected_failure_stays_one(inner: pytest.Pytester) -> None:
    code = """
        @pytest.mark.xfail(reason='known')
        def test_marked(): assert False
        @pytest.mark.xfail(run=False, reason='would hang')
        def test_not_run(): pass
        def test_called(): pytest.xfail('known')
        """

    run(inner, code).assert_outcomes(xfailed=3)


def test_in_ci_a_test_left_out_by_its_marker_is_no_failure(inner: pytest.Pytester) -> None:
    code = "@pytest.mark.soak\ndef test_long(): pytest.skip('no')\ndef test_short(): pass"

    result = run(inner, code, "-m", "not soak")

    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == pytest.ExitCode.OK


def test_the_shared_folder_is_the_one_beside_the_repository(inner: pytest.Pytester) -> None:
    beside = inner.mkdir("shared")

    run(inner, f"def test_it(shared): assert str(shared) == {str(beside)!r}").assert_outcomes(passed=1)


def test_without_the_shared_folder_a_test_skips_and_says_so(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI")

    result = run(inner, "def test_it(shared): pass", "-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs ../shared, which only the developers have"])
