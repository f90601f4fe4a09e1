"""The endpoint that Prometheus and supervisors ask."""

import socket
from collections.abc import Iterator

import pytest
import urllib3
from prometheus_client import CollectorRegistry

from pipeline.metrics import LISTEN, MetricsError, Reading, Readings, serve_metrics

_VALUES = {"wirewatch_test_articles_total": 3.0}
_REASONS: list[str] = []


@pytest.fixture
def address() -> Iterator[str]:
    registry = CollectorRegistry()
    readings = [
        Reading("wirewatch_test_articles_total", "counter", "Articles."),
        Reading("wirewatch_test_lag_seconds", "gauge", "Lag."),
    ]
    registry.register(Readings(readings, lambda: _VALUES))
    with serve_metrics("127.0.0.1:0", registry, lambda: _REASONS[0] if _REASONS else "") as port:
        yield f"http://127.0.0.1:{port}"


def get(url: str) -> tuple[int, str]:
    answer = urllib3.request("GET", url, retries=False, timeout=5)
    return answer.status, answer.data.decode()


def test_metrics_are_read_when_they_are_asked_for(address: str) -> None:
    assert "wirewatch_test_articles_total 3.0" in get(f"{address}/metrics")[1]
    _VALUES["wirewatch_test_articles_total"] = 4.0
    status, text = get(f"{address}/metrics")
    assert status == 200
    assert "wirewatch_test_articles_total 4.0\n" in text
    assert "wirewatch_test_lag_seconds 0.0\n" in text


def test_a_command_that_cannot_work_is_alive_but_not_ready(address: str) -> None:
    assert get(f"{address}/readyz") == (200, "ready\n")
    _REASONS.append("the broker is gone")
    assert get(f"{address}/readyz") == (503, "the broker is gone\n")
    assert get(f"{address}/healthz") == (200, "alive\n")
    assert get(f"{address}/other")[0] == 404
    _REASONS.clear()


def test_nothing_listens_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_metrics(None, CollectorRegistry(), str) as port:
        assert port is None
    monkeypatch.setenv(LISTEN, "127.0.0.1:0")
    with serve_metrics(None, CollectorRegistry(), str) as port:
        assert port


def test_an_address_that_cannot_be_had_is_refused_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(MetricsError, match="a port that is free"),
            serve_metrics(f"127.0.0.1:{port}", CollectorRegistry(), str),
        ):
            pass
    with pytest.raises(MetricsError, match="write host:port"), serve_metrics("9464", CollectorRegistry(), str):
        pass
