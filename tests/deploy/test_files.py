"""The files for containers fit their schemas, and their command lines are those that tests run. Nothing runs them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipeline.config import load_config
from tests.running import ROOT

DEPLOY = ROOT / "deploy"
_OPERATOR = "org.apache.flink:flink-kubernetes-operator-api:1.10.0"

# What the command lines of containers may look like, and which test runs each with words of its own in the place of X.
_RUN_BY_TESTS = {
    "flink-process jobmanager X": "tests/flink/cluster.py, through deploy/local/flink",
    "flink-process taskmanager X": "tests/flink/cluster.py, through deploy/local/flink",
    "flink-process jobserver X X X X": "tests/flink/cluster.py, through deploy/local/flink",
    "wirewatch workers --port X": "tests/flink/cluster.py, through deploy/local/flink",
    "wirewatch run --config X": "tests/flink/jobs.py",
    "wirewatch topics create --config X": "tests/kafka/test_topics.py",
    "wirewatch publish X --config X --follow": "tests/kafka/test_publish_follow.py",
}
_WORDS = {"flink-process", "jobmanager", "taskmanager", "jobserver", "wirewatch", "workers", "run", "topics", "create"}


def _yaml(path: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / path).read_text("utf-8")))


def _shape(words: list[str]) -> str:
    known = _WORDS | {"publish"}
    return " ".join(word if word in known or word.startswith("--") else "X" for word in words)


def _commands() -> dict[str, str]:
    (compose,) = _yaml("compose.yaml")
    found = {
        f"compose: {name}": _shape(service.get("entrypoint", []) + service["command"])
        for name, service in compose["services"].items()
        if "command" in service
    }
    for document in _yaml("kubernetes/job.yaml") + _yaml("kubernetes/flink.yaml"):
        spec = document.get("spec", {})
        template = spec.get("template") or spec.get("taskManager", {}).get("podTemplate") or {}
        for container in template.get("spec", {}).get("containers", []):
            if "command" in container:
                found[f"kubernetes: {container['name']}"] = _shape(container["command"])
    return found


def test_every_command_line_is_one_that_a_test_runs() -> None:
    commands = _commands()
    assert len(commands) == 10
    assert set(commands.values()) == _RUN_BY_TESTS.keys()


def _script() -> str:
    """Give the launching script, each command on one line and each sum as one word."""
    script = (DEPLOY / "local" / "flink").read_text("utf-8").replace("\\\n", " ")
    return re.sub(r"\$\(\(.*?\)\)", "SUM", script)


def test_the_local_cluster_runs_those_lines() -> None:
    launched = re.findall(r'launch "\$name" (.*?) ?;;', _script())
    lines = [line.replace('"$here/../flink-process"', "flink-process").split() for line in launched]
    shapes = {_shape(["wirewatch", *line[3:]] if line[1:3] == ["-m", "pipeline.main"] else line) for line in lines}
    assert shapes == {shape for shape, where in _RUN_BY_TESTS.items() if "deploy/local/flink" in where}


def test_compose_fits_its_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_kubernetes_files_fit_the_schemas_of_kubernetes() -> None:
    command = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict"]
    done = subprocess.run(
        [*command, str(DEPLOY / "kubernetes" / "job.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_cluster_fits_the_schema_of_the_flink_operator(tmp_path: Path) -> None:
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven, which brings the operator's schema")
    fetch = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_OPERATOR}", f"-DoutputDirectory={tmp_path}"]
    subprocess.run(fetch, check=True, capture_output=True)
    (jar,) = tmp_path.glob("*.jar")
    shutil.unpack_archive(jar, tmp_path / "jar", "zip")
    definition = yaml.safe_load(
        (tmp_path / "jar/META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml").read_text()
    )
    (version,) = definition["spec"]["versions"]
    (cluster,) = _yaml("kubernetes/flink.yaml")
    jsonschema.validate(cluster["spec"], _closed(version["schema"]["openAPIV3Schema"]["properties"]["spec"]))


def _closed(schema: Any) -> Any:
    """Refuse properties that the schema does not name; the operator's server would drop them in silence."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(schema.get("properties"), dict) else closed


def test_the_dockerfile_pleases_its_linter() -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run([hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert not done.stdout


def test_versions_are_the_same_everywhere() -> None:
    pom = (DEPLOY / "local" / "flink.pom.xml").read_text("utf-8")
    release = re.search(r"<flink.release>(.*)</flink.release>", pom)
    flink, beam = (re.search(rf"<{name}.version>(.*)</{name}.version>", pom) for name in ("flink", "beam"))
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    sdk = re.search(r'"apache-beam==(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert None not in (release, flink, beam, sdk)
    assert f"ARG FLINK_RELEASE={release[1]}\n" in dockerfile
    assert f"ARG BEAM_SDK={sdk[1]}\n" in dockerfile
    assert release[1].startswith(f"{flink[1]}.")
    (cluster,) = _yaml("kubernetes/flink.yaml")
    assert cluster["spec"]["flinkVersion"] == f"v{flink[1].replace('.', '_')}"
    defaults = load_config(None).flink
    assert (defaults.flink_version, defaults.beam_version) == (flink[1], beam[1])


@pytest.mark.parametrize("name", ["compose", "kubernetes"])
def test_the_configurations_inside_are_understood(name: str, tmp_path: Path) -> None:
    text = (
        (DEPLOY / "compose" / "flink.toml").read_text("utf-8")
        if name == "compose"
        else _yaml("kubernetes/job.yaml")[0]["data"]["flink.toml"]
    )
    (tmp_path / "flink.toml").write_text(text)
    assert load_config(tmp_path / "flink.toml").run.engine == "flink"


def test_clusters_share_their_settings() -> None:
    shared = [line for line in (DEPLOY / "local" / "flink.conf").read_text("utf-8").splitlines() if line]
    compose = (DEPLOY / "compose" / "flink-conf.yaml").read_text("utf-8").splitlines()
    assert [line for line in compose if line in shared] == shared


def test_every_cluster_tells_prometheus_alike() -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "flink-conf.yaml").read_text("utf-8"))
    (kubernetes,) = _yaml("kubernetes/flink.yaml")
    in_compose, in_kubernetes = (
        {key: str(value) for key, value in settings.items() if key.startswith("metrics.")}
        for settings in (compose, kubernetes["spec"]["flinkConfiguration"])
    )
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert in_compose == in_kubernetes == dict(re.findall(r"^    (metrics\.\S+): (\S+)$", page, re.MULTILINE))
    local = in_compose | {"metrics.reporter.prom.port": "$metrics"}
    assert all(f"{key}: {value}\n" in _script() for key, value in local.items())
