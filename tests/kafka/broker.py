"""A real broker for tests, through the scripts that people use."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from tests.running import ROOT, free_ports

SCRIPT = ROOT / "deploy" / "local" / "kafka"
USERNAME = "wirewatch"
PASSWORD = "wirewatch-local"


class Broker:
    """One broker of `deploy/local/kafka`, whose folder outlives its process.

    Parameters
    ----------
    data
        Its folder; empty or not there yet.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = free_ports(5)
        self.servers = f"127.0.0.1:{self._port}"
        """Bootstrap servers, plaintext."""
        self.tls_servers = f"127.0.0.1:{self._port + 2}"
        self.sasl_servers = f"127.0.0.1:{self._port + 3}"
        """TLS and a password: SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN, `USERNAME` and `PASSWORD`."""
        self.mutual_servers = f"127.0.0.1:{self._port + 4}"
        """TLS with client certificates."""
        self.tls = data / "tls"
        """Folder of ``ca.pem``, ``client.pem`` and ``client.key``."""

    def start(self) -> None:
        """Start it, or start it again with the data that it had; returns when it can be used."""
        self._run("start", "--port", str(self._port), "--secured", "--while", str(os.getpid()))

    def stop(self) -> None:
        self._run("stop")

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._run("kill")

    def create_topic(self, name: str, partitions: int = 1, **settings: str) -> None:
        """Create a topic; a setting such as ``max_message_bytes="1000"`` has underscores for Kafka's dots."""
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        admin = KafkaAdminClient(bootstrap_servers=self.servers)
        try:
            admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        finally:
            admin.close()

    def _run(self, command: str, *arguments: str) -> None:
        line = [str(SCRIPT), command, "--data", str(self._data), *arguments]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(line)} failed: {done.stderr.strip() or done.stdout.strip()}")


def what_is_missing() -> str:
    """Name what a broker needs and this machine lacks; empty when nothing."""
    programs = {"java": "Java 17 or later", "mvn": "Maven", "openssl": "OpenSSL"}
    if (ROOT / "deploy" / "local" / "lib" / "pom.xml").exists():
        del programs["mvn"]
    return " and ".join(name for program, name in programs.items() if shutil.which(program) is None)


def running_broker(folders: pytest.TempPathFactory) -> Iterator[Broker]:
    """Run a broker of its own for a fixture; without what it needs, skip."""
    missing = what_is_missing()
    if missing:
        pytest.skip(f"needs a Kafka broker, which needs {missing}")
    broker = Broker(folders.mktemp("kafka"))
    broker.start()
    yield broker
    broker.stop()
