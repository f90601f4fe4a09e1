"""What is said of metrics, and what is drawn and watched, is what the commands count."""

import re
from collections.abc import Iterable

import orjson
import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline.delivery.metrics import DeliverMetrics
from pipeline.hosts.embedded import measuring as run
from pipeline.hosts.publish import measuring as publish
from pipeline.metrics import Readings
from pipeline.web.measuring import ServeMetrics
from tests.running import ROOT

FOLDER = ROOT / "deploy" / "monitoring"


@pytest.fixture
def metrics() -> dict[str, tuple[str, str]]:
    """Give type and help of every metric by its name."""
    registry = CollectorRegistry()
    registry.register(Readings([*publish.READINGS, *run.READINGS], dict))
    DeliverMetrics(registry, ["desk"])
    ServeMetrics(registry)
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: (family.type, family.documentation)
        for family in registry.collect()
    }


def named_in(texts: Iterable[str]) -> set[str]:
    found = {name for text in texts for name in re.findall(r"wirewatch_[a-z_]+", text)}
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in found}


def test_the_page_names_every_metric_with_its_type_and_meaning(metrics: dict[str, tuple[str, str]]) -> None:
    rows = re.findall(
        r"^\| `(wirewatch_\w+)` \| (\w+) \|(?:.*\|)? (.*) \|$", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE
    )
    assert {name: (kind, text) for name, kind, text in rows} == metrics


def test_names_tell_what_they_count(metrics: dict[str, tuple[str, str]]) -> None:
    for name, (kind, _) in metrics.items():
        assert re.fullmatch(r"wirewatch_(publish|run|deliver|serve)_[a-z_]+", name)
        assert name.endswith("_total") == (kind == "counter")
        assert kind != "histogram" or name.endswith("_seconds")


def test_the_dashboard_draws_only_what_there_is(metrics: dict[str, tuple[str, str]]) -> None:
    dashboard = orjson.loads((FOLDER / "dashboard.json").read_bytes())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert named_in(expressions) <= metrics.keys()
    assert all(panel["title"] and panel["targets"] for panel in dashboard["panels"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_alerts_watch_only_what_there_is_and_say_what_to_do(metrics: dict[str, tuple[str, str]]) -> None:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    assert named_in(rule["expr"] for rule in group["rules"]) <= metrics.keys()
    for rule in group["rules"]:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"].keys() == {"summary", "remedy"}
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_prometheus_loads_the_alerts_and_asks_four_commands() -> None:
    given = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    assert all((FOLDER / name).is_file() for name in given["rule_files"])
    (job,) = given["scrape_configs"]
    assert job["job_name"] == "wirewatch"
    assert [each["labels"]["command"] for each in job["static_configs"]] == ["publish", "run", "deliver", "serve"]
