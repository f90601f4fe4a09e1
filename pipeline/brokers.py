"""From configuration and environment to a connection with Kafka, or to one sentence that says why there is none."""

import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from pipeline.config import KafkaConfig

Client = TypeVar("Client")

USERNAME = "WIREWATCH_KAFKA_USERNAME"
PASSWORD = "WIREWATCH_KAFKA_PASSWORD"
KEY_PASSWORD = "WIREWATCH_KAFKA_KEY_PASSWORD"

SAFE_READING: Mapping[str, Any] = {
    # The defaults would commit what was not processed, read what a transaction took back, and make a topic by asking.
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
}
"""Settings of every consumer."""

_SIGN_IN_WORDS = ("SaslAuthenticationFailed", "UnsupportedSaslMechanism")

# The client logs as errors what it then tries again by itself. What stays wrong is told once, in our words.
logging.getLogger("kafka").propagate = False
logging.getLogger("kafka").addHandler(logging.NullHandler())


class BrokerError(RuntimeError):
    """The brokers cannot be used as configured; the message says which, why and what to do."""


class Connection(NamedTuple):
    """How brokers are reached, without the passwords: what a graph carries to its workers may be read by others."""

    servers: str
    config: KafkaConfig = KafkaConfig()

    def settings(self) -> dict[str, Any]:
        """Give what every client of kafka-python needs; passwords come from the environment of who asks.

        Raises
        ------
        BrokerError
            As `client_settings`.
        """
        timeout = round(self.config.connect_seconds * 1000)
        return client_settings(self.servers, self.config) | {"bootstrap_timeout_ms": timeout}


def client_settings(
    servers: str, config: KafkaConfig, *, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Give what every client of kafka-python needs to reach the brokers.

    Parameters
    ----------
    servers
        Bootstrap servers, ``host:port``, separated by commas.
    config
        How they are reached.
    environment
        Where passwords come from.

    Raises
    ------
    BrokerError
        If an address is none, a file is missing, or a password is needed and not in the environment.
    """
    for server in servers.split(","):
        _address(server)
    protocol = ("SASL_" if config.sasl else "") + ("SSL" if config.tls else "PLAINTEXT")
    settings: dict[str, Any] = {"bootstrap_servers": servers, "security_protocol": protocol}
    if config.tls:
        settings |= _tls_settings(config, environment)
    if config.sasl:
        settings |= _sign_in_settings(config, environment)
    return settings


def connect(kind: Callable[..., Client], servers: str, config: KafkaConfig, **settings: Any) -> Client:
    """Make a client of kafka-python, such as ``KafkaProducer``, that has reached a broker.

    Raises
    ------
    BrokerError
        If none can be used within ``config.connect_seconds``.
    """
    with explained(servers, config):
        return kind(**Connection(servers, config).settings(), **settings)


def connect_follower(servers: str, config: KafkaConfig, *, metadata_seconds: float) -> KafkaConsumer:
    """Make a consumer that is assigned and sought by its owner, and soon notices that a broker came, went or hangs.

    Parameters
    ----------
    servers, config
        The brokers, and how they are reached.
    metadata_seconds
        How old its picture of the topics may be.

    Raises
    ------
    BrokerError
        As `connect`.
    """
    return connect(
        KafkaConsumer,
        servers,
        config,
        **SAFE_READING,
        auto_offset_reset="earliest",
        metadata_max_age_ms=round(metadata_seconds * 1000),
        reconnect_backoff_max_ms=2_000,
        fetch_max_wait_ms=100,
        # Bounds also what has no limit of its own, such as asking for the partitions of a topic.
        request_timeout_ms=10_000,
    )


def stream_of(partition: TopicPartition) -> str:
    """Name a partition, as places to read on are kept by."""
    return f"{partition.topic}:{partition.partition}"


@contextmanager
def explained(servers: str, config: KafkaConfig) -> Iterator[None]:
    """Turn an error of kafka-python into a `BrokerError` that says what is wrong.

    kafka-python gives the same time-out for a broker that is not there, a certificate that nobody trusts and a wrong
    password: the reason is found in what it logged meanwhile, and by knocking at the door.
    """
    overheard = _Overheard()
    logger = logging.getLogger("kafka")
    logger.addHandler(overheard)
    try:
        yield
    except KafkaError as error:
        raise BrokerError(_explain(error, servers, config, overheard.sign_in)) from error
    finally:
        logger.removeHandler(overheard)


class _Overheard(logging.Handler):
    """Keeps what the brokers said about signing in."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sign_in = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if any(word in message for word in _SIGN_IN_WORDS):
            self.sign_in = message


def _explain(error: KafkaError, servers: str, config: KafkaConfig, sign_in: str) -> str:
    if sign_in:
        return _refused(servers, config)
    problems = [problem for server in servers.split(",") if (problem := _knock(server, config))]
    if problems:
        return problems[0]
    if "Unable to bootstrap" not in str(error):
        return f"the broker at {servers!r} did not do as asked: {error}; try again, and see its log"
    # The broker hangs up without a word when a client shows no certificate, or speaks plainly to a port of TLS.
    if config.sasl:
        return _refused(servers, config)
    remedy = "give certificate_file and key_file if it asks for them" if config.tls else "does it want tls or sasl?"
    return f"the broker at {servers!r} takes connections but does not answer; mend [kafka]: {remedy}"


def _refused(servers: str, config: KafkaConfig) -> str:
    user = os.environ.get(USERNAME) or config.username
    return (
        f"the broker at {servers!r} did not let {user!r} in with {config.sasl}: check the user's name, the password "
        f"in {PASSWORD}, and sasl in [kafka]"
    )


def _knock(server: str, config: KafkaConfig) -> str:
    """Open a connection as far as TLS; gives what is wrong, empty if nothing."""
    host, port = _address(server)
    try:
        with socket.create_connection((host, port), timeout=3) as plain:
            if config.tls:
                _context(config).wrap_socket(plain, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of {server!r} is not trusted ({error.verify_message}): name its authority in ca_file"
    except ssl.SSLError as error:
        return f"{server!r} does not speak TLS ({error.reason}): give its port for TLS, or set tls = false in [kafka]"
    except OSError as error:
        return (
            f"no Kafka broker could be reached at {server!r} ({error.strerror or error}): start it, or mend kafka in "
            "[input] and [output]"
        )
    return ""


def _context(config: KafkaConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=config.ca_file)
    if config.certificate_file:
        context.load_cert_chain(config.certificate_file, config.key_file, os.environ.get(KEY_PASSWORD, ""))
    return context


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.strip().rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise BrokerError(f"{server.strip()!r} is no broker: write host:port, as in 127.0.0.1:9092")
    return host.strip("[]"), int(port)


def _tls_settings(config: KafkaConfig, environment: Mapping[str, str]) -> dict[str, Any]:
    files = {"ca_file": config.ca_file, "certificate_file": config.certificate_file, "key_file": config.key_file}
    for name, path in files.items():
        if path is not None and not os.path.isfile(path):
            raise BrokerError(f"{name} in [kafka] is {path!r}, and there is no such file: mend the path")
    return {
        "ssl_cafile": config.ca_file,
        "ssl_certfile": config.certificate_file,
        "ssl_keyfile": config.key_file,
        "ssl_password": environment.get(KEY_PASSWORD),
    }


def _sign_in_settings(config: KafkaConfig, environment: Mapping[str, str]) -> dict[str, Any]:
    username = environment.get(USERNAME) or config.username
    if not username:
        raise BrokerError(f"sasl in [kafka] is {config.sasl!r}, but there is no user: give username, or {USERNAME}")
    password = environment.get(PASSWORD)
    if not password:
        raise BrokerError(f"sasl in [kafka] is {config.sasl!r}, but there is no password: put it into {PASSWORD}")
    return {"sasl_mechanism": config.sasl, "sasl_plain_username": username, "sasl_plain_password": password}
