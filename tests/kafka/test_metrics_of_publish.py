"""What `publish --follow` tells Prometheus while it follows."""

from pathlib import Path

from tests.delivery.delivering import wait_until
from tests.kafka.broker import Broker
from tests.kafka.publishing import Publishing, line
from tests.kafka.running import ended
from tests.measuring import fetch, free_address, value


def test_publish_tells_what_it_read_and_what_arrived(broker: Broker, tmp_path: Path) -> None:
    address = free_address()
    publishing = Publishing(broker, tmp_path)
    publishing.configure(f'[metrics]\nlisten = "{address}"\n')
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "feed.jsonl").write_bytes(line(0) + line(1) + b"garbage\n")
    process = publishing.start(tmp_path / "news", "--follow")
    try:
        wait_until(lambda: value(address, "wirewatch_publish_articles_published_total") == 2)
        wait_until(lambda: value(address, "wirewatch_publish_dead_letters_total") == 1)
        assert value(address, "wirewatch_publish_articles_read_total") == 3
        assert value(address, "wirewatch_publish_files_read_total") >= 1
        wait_until(lambda: value(address, "wirewatch_publish_records_unacknowledged") == 0)
        assert fetch(address, "/readyz") == (200, "ready\n")
    finally:
        code, out, _ = ended(process)
    assert code == 0, out
