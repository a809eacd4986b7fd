"""Mail by SMTP: encrypted where the server offers it, and always where a password is said."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from ivcs_server.connecting import why

if TYPE_CHECKING:
    import smtplib

SUBMISSION_PORT = 587
TLS_PORT = 465
ANSWER_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves; `hostname` may bring a port of its own: `mail.example.org:25`."""

    enabled: bool
    hostname: str
    port: int = SUBMISSION_PORT
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""


class NotSent(Exception):
    """The message did not go out; the text says why."""


class TurnedOff(NotSent):
    """Nobody asked for such messages to be sent."""


def server_of(settings: MailSettings) -> tuple[str, int]:
    """Host and port; NotSent where the setting is neither."""
    host, port = settings.hostname.strip(), settings.port
    if host.startswith("[") and "]" in host:
        host, _, rest = host[1:].partition("]")
        text = rest.removeprefix(":")
    elif host.count(":") == 1:
        host, _, text = host.partition(":")
    else:
        text = ""
    if text:
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
            raise NotSent(
                f'"{settings.hostname}" is no mail server: the port must be a number from 1 to 65535'
            )
        port = int(text)
    if not host:
        raise NotSent("no mail server is set")
    return host, port


def message_for(settings: MailSettings, recipient: str, host_name: str) -> EmailMessage:
    """The one message that "send a test" sends."""
    address = recipient.strip()
    name, _, domain = address.rpartition("@")
    if not name or not domain or any(sign in address for sign in ' ,;<>"\r\n\t\0'):
        raise NotSent(f'"{recipient}" is not one mail address')
    sender = settings.sender or (settings.username if "@" in settings.username else f"ivcs@{host_name}")
    message = EmailMessage()
    message["Subject"] = "IVCS reference: test message / проверка почты"
    message["From"] = sender
    message["To"] = address
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=host_name)
    message.set_content(
        f"This is a test message of the IVCS reference application on {host_name}.\n"
        f"Это проверочное письмо эталонного приложения на {host_name}.\n"
    )
    return message


def send_test_mail(
    settings: MailSettings, recipient: str, host_name: str, trust: ssl.SSLContext | None = None
) -> str:
    """Sends exactly one message; what the server said. Blocks."""
    import smtplib

    if not settings.enabled:
        raise TurnedOff("mail is turned off")
    message = message_for(settings, recipient, host_name)
    host, port = server_of(settings)
    try:
        with open_server(host, port) as server:
            deliver(server, settings, message, trust)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{host}:{port}: {reason_of(error)}") from error
    return f"{host}:{port} took one message for {recipient.strip()}"


def open_server(host: str, port: int) -> smtplib.SMTP:
    """A connection that said its greeting; with TLS from the start on port 465."""
    import smtplib

    if port == TLS_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=ANSWER_TIMEOUT_S, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=ANSWER_TIMEOUT_S)


def deliver(
    server: smtplib.SMTP, settings: MailSettings, message: EmailMessage, trust: ssl.SSLContext | None = None
) -> None:
    """The conversation: STARTTLS if offered, then the password if there is one, then the message."""
    import smtplib

    server.ehlo()
    is_encrypted = isinstance(server.sock, ssl.SSLSocket)
    if not is_encrypted and server.has_extn("starttls"):
        server.starttls(context=trust or ssl.create_default_context())
        server.ehlo()
        is_encrypted = True
    if settings.username:
        if not is_encrypted:
            raise NotSent("the server offers no encryption (STARTTLS), so it is not told the password")
        log_in(server, settings.username, settings.password)
    refused = server.send_message(message)
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def log_in(server: smtplib.SMTP, username: str, password: str) -> None:
    """The library's own log-in takes nothing but ASCII; RFC 4616 says UTF-8."""
    import smtplib

    if (username + password).isascii():
        server.login(username, password)
        return
    credentials = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
    code, answer = server.docmd("AUTH", f"PLAIN {credentials}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def reason_of(error: OSError | smtplib.SMTPException) -> str:
    """What went wrong, for people."""
    import smtplib

    match error:
        case ssl.SSLCertVerificationError():
            return _certificate_reason(error)
        case smtplib.SMTPResponseException():
            return f"refused: {error.smtp_code} {_said(error.smtp_error)}"
        case smtplib.SMTPRecipientsRefused():
            refusals = (f"{code} {_said(text)}" for code, text in error.recipients.values())
            return f"the recipient is refused: {', '.join(refusals)}"
        case smtplib.SMTPException():
            return str(error) or type(error).__name__
        case _:
            return why(error)


# X509_V_ERR_… of OpenSSL (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def _certificate_reason(error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message.rstrip(".")
    match error.verify_code:
        case code if code in (_OTHER_NAME, _OTHER_ADDRESS):
            return f"its certificate is made out to another server ({said}); name it as its certificate does"
        case code if code in (_NOT_YET_VALID, _EXPIRED):
            return (
                f"its certificate is not valid now ({said}); renew it there, and look at this server's clock"
            )
        case _:
            return (
                f"its certificate is not trusted ({said}); put that of its authority into "
                "/usr/local/share/ca-certificates and run update-ca-certificates"
            )


def _said(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
