"""Messages over SMTP."""

import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate

from pipeline.config import EmailConfig
from pipeline.delivery.destinations.contract import Misconfigured, Parcel, Refused, Unavailable
from pipeline.delivery.texts import Message, message_of
from pipeline.events import event_from

_LOG = logging.getLogger(__name__)

_LONGEST_SUBJECT = 150


class EmailDestination:
    """Sends each event as a plain text.

    Parameters
    ----------
    config
        Server, sender and recipients.
    environment
        Holds the password, if a user signs in.
    clock
        Seconds since 1970.

    Raises
    ------
    Misconfigured
        If the password is missing, or an address is none.
    """

    most_at_once = 1

    def __init__(
        self, config: EmailConfig, environment: Mapping[str, str], clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._clock = clock
        self._password = environment.get(config.variable("password"), "")
        if config.username is not None and not self._password:
            raise Misconfigured(
                f"destination {config.name!r} signs in as {config.username!r}: put the password into "
                f"{config.variable('password')}"
            )
        if config.username is not None and config.encryption == "none":
            raise Misconfigured(
                f"destination {config.name!r} would send its password in the clear: set encryption = 'starttls'"
            )
        for address in (config.sender, *config.recipients):
            local, at, domain = address.rpartition("@")
            if not (local and at and domain) or not address.isprintable() or set(address) & set(" ,;<>"):
                raise Misconfigured(f"destination {config.name!r} has {address!r}, which is no address: write a@b.org")

    def send(self, parcels: Sequence[Parcel]) -> None:
        for line, rules in parcels:
            self._send(self._mail(line, rules))

    def close(self) -> None:
        """Do nothing: each mail has a connection of its own."""

    def _mail(self, line: bytes, rules: Sequence[str]) -> EmailMessage:
        event = event_from(line)
        message = message_of(event, rules)
        mail = EmailMessage()
        mail["From"] = self._config.sender
        mail["To"] = ", ".join(self._config.recipients)
        mail["Subject"] = message.headline[:_LONGEST_SUBJECT]
        mail["Date"] = formatdate(self._clock())
        # The same for each attempt, so that mailboxes and people can tell a repetition.
        mail["Message-ID"] = f"<{event.id}.{self._config.name}@{self._config.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_text_of(message), cte="quoted-printable")
        return mail

    def _send(self, mail: EmailMessage) -> None:
        config = self._config
        try:
            with self._server() as server:
                if config.encryption == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if config.username is not None:
                    server.login(config.username, self._password)
                refused = server.send_message(mail, config.sender, config.recipients)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _failure(config, code, text) from error
        except smtplib.SMTPResponseException as error:
            raise _failure(config, error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Unavailable(f"{config.host}:{config.port}: {said}") from error
        for address, (code, text) in refused.items():
            # The others have it: trying again would double it for them.
            _LOG.warning("destination %s: %s", config.name, _failure(config, code, f"{text!r} about {address}"))

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        try:
            yield server
            # It has the mail: what it says to a farewell must not have the mail sent again.
            with suppress(smtplib.SMTPException):
                server.quit()
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        if config.encryption == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(config.host, config.port, timeout=config.timeout_seconds, context=context)
        return smtplib.SMTP(config.host, config.port, timeout=config.timeout_seconds)


def _failure(config: EmailConfig, code: int, text: bytes | str) -> Refused | Unavailable:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    reason = f"{config.host}:{config.port} answered {code} {said}"
    return Refused(reason) if code >= 500 else Unavailable(reason)


def _text_of(message: Message) -> str:
    lines = [message.headline, "", message.facts, ""]
    for source in message.sources:
        lines += [f"- {source.outlet}: {source.title}", *([f"  {source.url}"] if source.url else [])]
    return "\n".join([*lines, *([message.more] if message.more else [])]) + "\n"
