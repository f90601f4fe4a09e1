"""Mails through a real SMTP server."""

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.config import EmailConfig
from pipeline.delivery.destinations.contract import Misconfigured, Parcel, Refused, Unavailable
from pipeline.delivery.destinations.email import EmailDestination
from tests.delivery.making import MORNING, NASTY, line


class Mailbox:
    """Takes mails, or answers otherwise."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answer = "250 OK"
        self.farewell = "221 Bye"
        self.unknown: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the server's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        return self.farewell

    def mails(self) -> list[EmailMessage]:
        return [parsed(envelope) for envelope in self.envelopes]


def parsed(envelope: Envelope) -> EmailMessage:
    found = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def desk(port: int, **more: Any) -> EmailDestination:
    given: dict[str, Any] = {
        "name": "desk",
        "host": "127.0.0.1",
        "port": port,
        "encryption": "none",
        "sender": "wirewatch@news.example",
        "recipients": ("a@news.example", "b@news.example"),
        "timeout_seconds": 2.0,
    }
    return EmailDestination(EmailConfig(**(given | more)), {}, clock=MORNING.timestamp)


def test_a_mail_says_what_happened_and_why_it_came(port: int, mailbox: Mailbox) -> None:
    desk(port).send([Parcel(line(1), ("harbours",))])
    (mail,) = mailbox.mails()
    assert mail["Subject"] == "Ferry sinks off Grey Heron"
    assert mail["Message-ID"] == "<0000000000000001-1.desk@news.example>"
    assert mailbox.envelopes[0].rcpt_tos == ["a@news.example", "b@news.example"]
    assert mail.get_content().replace("\r\n", "\n") == (
        "Ferry sinks off Grey Heron\n\n"
        "A story emerged, 3 reports and 1 copy from 2 outlets, language en, 2026-11-23 09:00:01 UTC, "
        "rule harbours\n\n"
        "- Harbour Post: Ferry sinks off Grey Heron\n  https://harbour.example/a?b=1&c=2\n"
    )


@pytest.mark.parametrize("title", NASTY.values(), ids=NASTY.keys())
def test_a_hostile_title_changes_no_header_and_no_recipient(port: int, mailbox: Mailbox, title: str) -> None:
    desk(port).send([Parcel(line(1, title=title, outlet=title), ())])
    (mail,) = mailbox.mails()
    names = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    mime = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert names <= set(mail.keys()) <= names | mime
    assert mailbox.envelopes[0].rcpt_tos == ["a@news.example", "b@news.example"]
    assert mail.get_content_type() == "text/plain"
    assert len(mail["Subject"]) <= 150
    shown = mail["Subject"] + mail.get_content().replace("\r\n", "")
    assert not set(shown) & set("\0\x07\x1b\u202e\u2066\u2028\r")


@pytest.mark.parametrize(
    ("said", "kind"), [("554 spam", Refused), ("451 later", Unavailable), ("421 bye", Unavailable)]
)
def test_a_server_that_does_not_take_a_mail_is_asked_again(
    port: int, mailbox: Mailbox, said: str, kind: type[Exception]
) -> None:
    mailbox.answer = said
    with pytest.raises(kind, match=said[:3]):
        desk(port).send([Parcel(line(1), ())])
    mailbox.answer = "250 OK"
    desk(port).send([Parcel(line(1), ())])
    assert len(mailbox.envelopes) == 1


def test_a_mail_that_was_taken_is_delivered_whatever_the_server_says_to_the_farewell(
    port: int, mailbox: Mailbox
) -> None:
    mailbox.farewell = "421 too busy to say good-bye"
    desk(port).send([Parcel(line(1), ())])
    assert len(mailbox.envelopes) == 1


def test_one_unknown_mailbox_keeps_the_mail_from_nobody_else(
    port: int, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.unknown = {"a@news.example"}
    desk(port).send([Parcel(line(1), ())])
    assert mailbox.envelopes[0].rcpt_tos == ["b@news.example"]
    assert "550" in caplog.text
    assert "a@news.example" in caplog.text
    mailbox.unknown = {"a@news.example", "b@news.example"}
    with pytest.raises(Refused, match="550"):
        desk(port).send([Parcel(line(1), ())])


def test_no_server_and_no_encryption_are_told_apart_from_a_refusal(port: int) -> None:
    with pytest.raises(Unavailable, match="refused"):
        desk(1).send([Parcel(line(1), ())])
    with pytest.raises(Unavailable, match="STARTTLS"):
        desk(port, encryption="starttls").send([Parcel(line(1), ())])


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"username": "wirewatch", "encryption": "starttls"}, "put the password into WIREWATCH_DESK_PASSWORD"),
        ({"sender": "a@b.org\nBcc: c@d.org"}, "is no address"),
        ({"recipients": ("a@b.org, c@d.org",)}, "is no address"),
        ({"recipients": ("desk",)}, "is no address"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(Misconfigured, match=problem):
        desk(25, **more)


def test_a_password_is_not_sent_in_the_clear() -> None:
    config = EmailConfig(
        name="desk", host="h", sender="a@b.org", recipients=("a@b.org",), username="u", encryption="none"
    )
    with pytest.raises(Misconfigured, match="in the clear"):
        EmailDestination(config, {"WIREWATCH_DESK_PASSWORD": "secret"})
