"""Mail, to a real SMTP server in this process; the two are joined by a socket pair instead of a network."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ivcs_server import mail
from ivcs_server.certificate import self_signed
from ivcs_server.mail import (
    MailSettings,
    NotSent,
    TurnedOff,
    message_for,
    reason_of,
    send_test_mail,
    server_of,
)

PASSWORD = 'п"$%\\ x'
SETTINGS = MailSettings(
    enabled=True, hostname="localhost", username="ivcs@example.org", password=PASSWORD, sender=""
)


class MailServer:
    """Takes mail for example.org from ivcs@example.org alone."""

    def __init__(self, folder: Path) -> None:
        self.taken: list[Envelope] = []
        certificate, key = self_signed("mail", datetime.now(UTC))
        (folder / "mail.crt").write_bytes(certificate)
        (folder / "mail.key").write_bytes(key)
        self.tls: ssl.SSLContext | None = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "mail.crt", folder / "mail.key")
        self.trust = ssl.create_default_context(cafile=folder / "mail.crt")
        self._transports: list[asyncio.Transport] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 taken"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if not address.endswith("@example.org"):
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, given: Any) -> AuthResult:
        right = LoginPassword(login=b"ivcs@example.org", password=PASSWORD.encode())
        return AuthResult(success=given == right, handled=False)

    def connect(self) -> socket.socket:
        """A client's end of a new connection."""
        ours, theirs = socket.socketpair()
        theirs.settimeout(30)
        asyncio.run_coroutine_threadsafe(self._serve(ours), self._loop).result(30)
        return theirs

    async def _serve(self, connection: socket.socket) -> None:
        def protocol() -> SMTP:
            return SMTP(
                self,
                tls_context=self.tls,
                authenticator=self.authenticate,
                auth_require_tls=self.tls is not None,
                auth_required=self.tls is not None,
                enable_SMTPUTF8=True,
                loop=self._loop,
            )

        transport, _ = await self._loop.connect_accepted_socket(protocol, connection)
        self._transports.append(transport)

    async def _finish(self) -> None:
        for transport in self._transports:
            transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    found = MailServer(tmp_path)

    class Client(smtplib.SMTP):
        def _get_socket(self, *_: object) -> socket.socket:
            return found.connect()

    monkeypatch.setattr(mail, "open_server", Client)
    yield found
    found.close()


def read(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    found = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_exactly_one_message_goes_out_encrypted_and_with_the_password(server: MailServer) -> None:
    said = send_test_mail(SETTINGS, " you@example.org ", "ivcs-main-1", server.trust)
    (envelope,) = server.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ivcs@example.org", ["you@example.org"])
    assert "проверка почты" in read(envelope)["Subject"]
    assert "проверочное письмо" in read(envelope).get_content()
    assert said == "localhost:587 took one message for you@example.org"


@pytest.mark.parametrize(
    ("settings", "recipient", "reason"),
    [
        (replace(SETTINGS, password="wrong"), "you@example.org", "refused: 535"),
        (SETTINGS, "you@elsewhere.org", "550 nobody of that name"),
    ],
)
def test_the_servers_refusal_is_told(
    server: MailServer, settings: MailSettings, recipient: str, reason: str
) -> None:
    with pytest.raises(NotSent, match=reason):
        send_test_mail(settings, recipient, "h", server.trust)
    assert server.taken == []


def test_a_certificate_that_nobody_vouches_for_is_refused_with_advice(server: MailServer) -> None:
    with pytest.raises(NotSent, match="update-ca-certificates"):
        send_test_mail(SETTINGS, "you@example.org", "h", ssl.create_default_context(cadata=other_authority()))
    assert server.taken == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [(18, "update-ca-certificates"), (62, "name it as its certificate does"), (10, "renew it")],
)
def test_the_advice_is_about_what_is_wrong_with_the_certificate(code: int, advice: str) -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL]")
    error.verify_code, error.verify_message = code, "as OpenSSL says."
    assert advice in reason_of(error)
    assert "(as OpenSSL says)" in reason_of(error)


def other_authority() -> str:
    return self_signed("localhost", datetime.now(UTC))[0].decode()


def test_a_password_is_never_said_in_the_clear(server: MailServer) -> None:
    server.tls = None
    with pytest.raises(NotSent, match="STARTTLS"):
        send_test_mail(SETTINGS, "you@example.org", "h")
    assert server.taken == []


def test_nothing_is_sent_while_mail_is_turned_off() -> None:
    with pytest.raises(TurnedOff):
        send_test_mail(replace(SETTINGS, enabled=False), "you@example.org", "h")


@pytest.mark.parametrize(
    ("hostname", "place"),
    [
        ("mail.example.org", ("mail.example.org", 587)),
        ("mail.example.org:25", ("mail.example.org", 25)),
        ("[2001:db8::1]:2525", ("2001:db8::1", 2525)),
        ("2001:db8::1", ("2001:db8::1", 587)),
    ],
)
def test_the_host_name_may_bring_its_port(hostname: str, place: tuple[str, int]) -> None:
    assert server_of(replace(SETTINGS, hostname=hostname)) == place


@pytest.mark.parametrize("hostname", ["", ":25", "mail:x", "mail:0", "mail:65536"])
def test_what_is_no_mail_server_is_refused(hostname: str) -> None:
    with pytest.raises(NotSent):
        server_of(replace(SETTINGS, hostname=hostname))


@pytest.mark.parametrize(
    "recipient", ["", "you", "@example.org", "you@", "a@b,c@d", "a@b\r\nBcc: c@d", "You <a@b>", "a b@c"]
)
def test_there_is_exactly_one_recipient(recipient: str) -> None:
    with pytest.raises(NotSent):
        message_for(SETTINGS, recipient, "h")


@pytest.mark.parametrize(
    ("username", "sender", "expected"),
    [("u@example.org", "s@example.org", "s@example.org"), ("u@x.org", "", "u@x.org"), ("u", "", "ivcs@h")],
)
def test_the_sender_is_the_one_that_is_set(username: str, sender: str, expected: str) -> None:
    settings = replace(SETTINGS, username=username, sender=sender)
    assert message_for(settings, "a@b", "h")["From"] == expected
