"""TLS and passwords, against a broker that asks for them."""

from pathlib import Path

import pytest

from pipeline.brokers import BrokerError, client_settings
from pipeline.config import KafkaConfig
from tests.kafka.broker import PASSWORD, USERNAME, Broker
from tests.kafka.publishing import Publishing, line
from tests.kafka.running import Job, newswire, publish
from tests.running import Wirewatch

RIGHT = {"WIREWATCH_KAFKA_PASSWORD": PASSWORD}


@pytest.fixture
def publishing(broker: Broker, tmp_path: Path) -> Publishing:
    (tmp_path / "feed.jsonl").write_bytes(line(0))
    return Publishing(broker, tmp_path)


def kafka_section(broker: Broker, **more: str) -> str:
    keys = {"ca_file": f"{broker.tls}/ca.pem", **more}
    written = "".join(f'{key} = "{value}"\n' for key, value in keys.items() if value)
    return f"[kafka]\ntls = true\nconnect_seconds = 3\n{written}"


@pytest.mark.parametrize("sasl", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_a_password_over_tls_lets_publish_in(publishing: Publishing, sasl: str) -> None:
    broker = publishing.broker
    publishing.configure(kafka_section(broker, sasl=sasl, username=USERNAME), servers=broker.sasl_servers)

    done = publishing.run("feed.jsonl", **RIGHT)

    assert done.returncode == 0, done.stderr
    assert publishing.ids() == ["a0"]


def test_tls_alone_lets_publish_in_where_no_password_is_asked_for(publishing: Publishing) -> None:
    publishing.configure(kafka_section(publishing.broker), servers=publishing.broker.tls_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 0, done.stderr


def test_a_client_certificate_lets_publish_in(publishing: Publishing) -> None:
    broker = publishing.broker
    files = {"certificate_file": f"{broker.tls}/client.pem", "key_file": f"{broker.tls}/client.key"}
    publishing.configure(kafka_section(broker, **files), servers=broker.mutual_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 0, done.stderr


@pytest.fixture
def secured_job(broker: Broker, tmp_path: Path) -> Job:
    """Make a job that signs in over TLS, with the newswire in its topic."""
    job = Job(broker, tmp_path, more=kafka_section(broker, sasl="SCRAM-SHA-512", username=USERNAME))
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(broker.servers, broker.sasl_servers))
    publish(broker, job.articles, newswire())
    return job


def test_a_password_over_tls_lets_run_in_to_read_and_to_write(
    secured_job: Job, samples: Path, tmp_path: Path, wirewatch: Wirewatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREWATCH_KAFKA_PASSWORD", PASSWORD)

    done = secured_job.run("--until-idle", 1)

    assert (done.returncode, done.stderr) == (0, "")
    wirewatch("replay", samples / "newswire.jsonl", "--events", "file.jsonl")
    assert sorted(secured_job.told()) == sorted((tmp_path / "file.jsonl").read_bytes().splitlines())


def test_a_wrong_password_is_one_message_of_run(secured_job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREWATCH_KAFKA_PASSWORD", "guessed")

    done = secured_job.run("--until-idle", 1)

    assert done.returncode == 1
    assert f"Error: the broker at '{secured_job.broker.sasl_servers}' did not let '{USERNAME}' in" in done.stderr
    assert "guessed" not in done.stderr
    # That it tries again is said once, then why it gave up.
    assert len(done.stderr.splitlines()) <= 2
    assert secured_job.told() == []


@pytest.mark.parametrize("sasl", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password_is_one_message(publishing: Publishing, sasl: str) -> None:
    broker = publishing.broker
    publishing.configure(kafka_section(broker, sasl=sasl, username=USERNAME), servers=broker.sasl_servers)

    done = publishing.run("feed.jsonl", WIREWATCH_KAFKA_PASSWORD="guessed")

    assert done.returncode == 1
    assert f"did not let '{USERNAME}' in with {sasl}: check the user's name, the password" in done.stderr
    assert "guessed" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_password_that_is_not_in_the_environment_is_asked_for(publishing: Publishing) -> None:
    broker = publishing.broker
    publishing.configure(kafka_section(broker, sasl="PLAIN", username=USERNAME), servers=broker.sasl_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "there is no password: put it into WIREWATCH_KAFKA_PASSWORD" in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(publishing: Publishing) -> None:
    publishing.configure(kafka_section(publishing.broker, ca_file=""), servers=publishing.broker.tls_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "is not trusted" in done.stderr
    assert "name its authority in ca_file" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_tls_to_a_plain_port_is_named(publishing: Publishing) -> None:
    publishing.configure(kafka_section(publishing.broker))

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "does not speak TLS" in done.stderr


def test_plain_talk_to_a_port_of_tls_is_named(publishing: Publishing) -> None:
    publishing.configure("[kafka]\nconnect_seconds = 3\n", servers=publishing.broker.tls_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "does not answer; mend [kafka]: does it want tls or sasl?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_client_certificate_is_named(publishing: Publishing) -> None:
    publishing.configure(kafka_section(publishing.broker), servers=publishing.broker.mutual_servers)

    done = publishing.run("feed.jsonl")

    assert done.returncode == 1
    assert "give certificate_file and key_file if it asks for them" in done.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BrokerError, match=r"ca_file in \[kafka\] is 'missing.pem', and there is no such file"):
        client_settings("127.0.0.1:9092", KafkaConfig(tls=True, ca_file="missing.pem"))


@pytest.mark.parametrize("servers", ["127.0.0.1", "127.0.0.1:", ":9092", "a:b", "127.0.0.1:9092,", "a:70000"])
def test_what_is_no_address_is_named(servers: str) -> None:
    with pytest.raises(BrokerError, match="is no broker: write host:port"):
        client_settings(servers, KafkaConfig())


def test_the_environment_wins_over_the_user_s_name_in_the_file() -> None:
    environment = {"WIREWATCH_KAFKA_USERNAME": "robot", "WIREWATCH_KAFKA_PASSWORD": "secret"}

    settings = client_settings("a:1", KafkaConfig(sasl="PLAIN", username="me"), environment=environment)

    assert settings["sasl_plain_username"] == "robot"
    assert settings["security_protocol"] == "SASL_PLAINTEXT"
