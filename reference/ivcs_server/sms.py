"""SMS by SMPP 3.4: bind as a transmitter, one submit_sm, its answer, unbind."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ivcs_server.connecting import why
from ivcs_server.mail import NotSent, TurnedOff

SMPP_PORT = 2775
ANSWER_TIMEOUT_S = 10
# Fits into one SMS of 70 UCS-2 letters.
TEST_TEXT = "IVCS reference: test message / проверка SMS"
LONGEST_NAME, LONGEST_PASSWORD, LONGEST_SENDER = 15, 8, 20

TON_INTERNATIONAL, TON_ALPHANUMERIC, TON_UNKNOWN = 1, 5, 0
NPI_UNKNOWN, NPI_ISDN = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """Which SMSC takes messages, and who we say we are."""

    enabled: bool
    host: str
    port: int = SMPP_PORT
    username: str = ""
    password: str = field(default="", repr=False)
    sender_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address with its type of number and numbering plan."""

    text: str
    ton: int
    npi: int


def recipient_address(number: str) -> Address:
    """An international number such as +79001234567; blanks, brackets and dashes are left out."""
    digits = "".join(sign for sign in number if sign not in " -()\t").removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 5 <= len(digits) <= 15:
        raise NotSent(f'"{number}" is not a telephone number such as +79001234567')
    return Address(text=digits, ton=TON_INTERNATIONAL, npi=NPI_ISDN)


def sender_address(text: str) -> Address:
    """A name of up to 11 letters, an international number, a short number, or nothing: then the SMSC decides."""
    digits = text.removeprefix("+")
    if not text:
        return Address(text="", ton=TON_UNKNOWN, npi=NPI_UNKNOWN)
    if digits.isascii() and digits.isdigit():
        is_short = len(digits) < 7 and digits == text
        return Address(text=digits, ton=TON_UNKNOWN if is_short else TON_INTERNATIONAL, npi=NPI_ISDN)
    return Address(text=text, ton=TON_ALPHANUMERIC, npi=NPI_UNKNOWN)


def send_test_sms(
    settings: SmsSettings, number: str, connect: Callable[[str, int], socket.socket] | None = None
) -> str:
    """Sends exactly one message; what the SMSC said. Blocks."""
    return send_sms(settings, number, TEST_TEXT, connect)


def send_sms(
    settings: SmsSettings, number: str, text: str, connect: Callable[[str, int], socket.socket] | None = None
) -> str:
    """One message, in several parts if it is long; what the SMSC said. Blocks."""
    if not settings.enabled:
        raise TurnedOff("SMS is turned off")
    if not settings.host:
        raise NotSent("no SMSC is set")
    recipient = recipient_address(number)
    # Imported here: nothing but a message needs it.
    from smpplib.exceptions import ConnectionError as ConnectionLost
    from smpplib.exceptions import PDUError

    place = f"{settings.host}:{settings.port}"
    _check("user name", settings.username, LONGEST_NAME)
    _check("password", settings.password, LONGEST_PASSWORD)
    _check("sender", settings.sender_address, LONGEST_SENDER)
    try:
        connection = (connect or _connect)(settings.host, settings.port)
        message_id = _submit(connection, settings, recipient, text)
    except PDUError as error:
        raise NotSent(f"{place} refused: {error.args[0]}") from error
    except ConnectionLost as error:
        raise NotSent(f"{place} ended the connection, or did not answer in time") from error
    except OSError as error:
        raise NotSent(f"{place}: {why(error)}") from error
    except ValueError as error:
        raise NotSent(f"{place}: {error}") from error
    return f"{place} took one message for +{recipient.text}, with the id {message_id}"


def _check(what: str, text: str, longest: int) -> None:
    # The library cuts off what is too long.
    if not text.isascii() or len(text) > longest:
        raise NotSent(f"SMPP 3.4 allows {longest} characters of ASCII for the {what}")


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S)


def _submit(connection: socket.socket, settings: SmsSettings, recipient: Address, text: str) -> str:
    """The id of the message's first part."""
    from smpplib import consts, gsm
    from smpplib.client import Client

    answers: list[Any] = []

    def answered(pdu: Any) -> None:
        answers.append(pdu)

    client = Client(settings.host, settings.port, timeout=ANSWER_TIMEOUT_S, allow_unknown_opt_params=True)
    # The library's own connect() says "refused" whatever happened.
    client._socket = connection
    client.state = consts.SMPP_CLIENT_STATE_OPEN
    client.set_message_sent_handler(answered)
    with client:
        client.bind_transmitter(system_id=settings.username, password=settings.password)
        parts, coding, esm_class = gsm.make_parts(text)
        sender = sender_address(settings.sender_address)
        for number, part in enumerate(parts, start=1):
            client.send_message(
                source_addr_ton=sender.ton,
                source_addr_npi=sender.npi,
                source_addr=sender.text,
                dest_addr_ton=recipient.ton,
                dest_addr_npi=recipient.npi,
                destination_addr=recipient.text,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=False,
            )
            deadline = time.monotonic() + ANSWER_TIMEOUT_S
            while len(answers) < number:
                if time.monotonic() > deadline:
                    raise TimeoutError("no answer to the message")
                client.read_once(auto_send_enquire_link=False)
    return (answers[0].message_id or b"").decode("ascii", "replace")
