"""SMS, to a small SMSC in this process that reads what the library wrote (SMPP 3.4, chapter 4)."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from ivcs_server.mail import NotSent, TurnedOff
from ivcs_server.sms import (
    TEST_TEXT,
    SmsSettings,
    recipient_address,
    send_sms,
    send_test_sms,
    sender_address,
)

BIND_TRANSMITTER, SUBMIT_SM, UNBIND, ENQUIRE_LINK, ANSWER = 0x2, 0x4, 0x6, 0x15, 0x80000000
BAD_PASSWORD, QUEUE_FULL = 0xE, 0x14
SETTINGS = SmsSettings(enabled=True, host="smsc", username="ivcs", password="secret8!", sender_address="IVCS")


@dataclass
class Smsc:
    """Accepts one connection; `refusal` answers the messages with an error, `is_mute` with nothing."""

    refusal: int = 0
    is_mute: bool = False
    bound: list[tuple[str, str]] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def connect(self, host: str, port: int) -> socket.socket:
        assert (host, port) == ("smsc", 2775)
        ours, theirs = socket.socketpair()
        theirs.settimeout(30)
        self.threads.append(threading.Thread(target=self.serve, args=(ours,)))
        self.threads[-1].start()
        return theirs

    def serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while header := stream.read(16):
                length, command, _, sequence = struct.unpack(">IIII", header)
                body = stream.read(length - 16)
                for answer in self.answers(command, body):
                    connection.sendall(answer + struct.pack(">I", sequence) + self.tail)
                if self.is_mute and command == SUBMIT_SM:
                    return

    tail: bytes = b""

    def answers(self, command: int, body: bytes) -> Iterator[bytes]:
        """Heads of the answers without the sequence number; the rest is left in `tail`."""
        status = 0
        self.tail = b""
        if command == BIND_TRANSMITTER:
            name, password = body.split(b"\0")[:2]
            self.bound.append((name.decode(), password.decode()))
            status = 0 if password == b"secret8!" else BAD_PASSWORD
            self.tail = b"SMSC\0" if status == 0 else b""
        elif command == SUBMIT_SM:
            self.messages.append(body)
            if self.is_mute:
                return
            status = self.refusal
            self.tail = b"id-17\0" if status == 0 else b""
        elif command == UNBIND:
            self.ended.append(command)
        yield struct.pack(">III", 16 + len(self.tail), command | ANSWER, status)


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    found = Smsc()
    yield found
    for thread in found.threads:
        thread.join(30)
        assert not thread.is_alive()


def test_exactly_one_message_is_submitted_in_ucs2(smsc: Smsc) -> None:
    said = send_test_sms(SETTINGS, "+7 (900) 123-45-67", smsc.connect)
    (message,) = smsc.messages
    assert smsc.bound == [("ivcs", "secret8!")]
    service, rest = message.split(b"\0", 1)
    assert (service, rest[:2]) == (b"", bytes([5, 0]))
    sender, rest = rest[2:].split(b"\0", 1)
    assert (sender, rest[:2]) == (b"IVCS", bytes([1, 1]))
    recipient, rest = rest[2:].split(b"\0", 1)
    assert recipient == b"79001234567"
    esm_class, _, _, schedule, validity, delivery, _, coding, _, length = rest[:10]
    assert (esm_class, schedule, validity, delivery, coding) == (0, 0, 0, 0, 8)
    assert rest[10 : 10 + length].decode("utf-16-be") == TEST_TEXT
    assert smsc.ended == [UNBIND]
    assert said == "smsc:2775 took one message for +79001234567, with the id id-17"


@pytest.mark.parametrize(("text", "coding"), [("Щ" * 150, 8), ("e" * 400, 0)])
def test_a_long_text_is_one_message_in_parts(smsc: Smsc, text: str, coding: int) -> None:
    send_sms(SETTINGS, "+79001234567", text, smsc.connect)
    assert smsc.bound == [("ivcs", "secret8!")]
    whole = b""
    for number, message in enumerate(smsc.messages, start=1):
        rest = message.split(b"\0", 1)[1][2:].split(b"\0", 1)[1][2:].split(b"\0", 1)[1]
        esm_class, found, length, content = rest[0], rest[7], rest[9], rest[10:]
        assert (esm_class, found) == (0x40, coding)
        assert len(content) == length <= 160
        assert (content[:3], content[4], content[5]) == (b"\5\0\3", 3, number)
        whole += content[6:]
    assert whole.decode("utf-16-be" if coding else "ascii") == text


def test_a_wrong_password_is_told(smsc: Smsc) -> None:
    with pytest.raises(NotSent, match="smsc:2775 refused"):
        send_test_sms(replace(SETTINGS, password="wrong"), "+79001234567", smsc.connect)
    assert smsc.messages == []


def test_a_refused_message_is_told(smsc: Smsc) -> None:
    smsc.refusal = QUEUE_FULL
    with pytest.raises(NotSent, match="refused"):
        send_test_sms(SETTINGS, "+79001234567", smsc.connect)


def test_a_lost_answer_is_told_and_the_message_is_not_repeated(smsc: Smsc) -> None:
    smsc.is_mute = True
    with pytest.raises(NotSent, match="ended the connection"):
        send_test_sms(SETTINGS, "+79001234567", smsc.connect)
    assert len(smsc.messages) == 1


def test_an_smsc_that_cannot_be_reached_is_told() -> None:
    def refuse(host: str, port: int) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(NotSent, match=r"smsc:2775: .*Connection refused"):
        send_test_sms(SETTINGS, "+79001234567", refuse)


def test_a_password_that_the_protocol_cannot_carry_is_told_before_anything_is_sent(smsc: Smsc) -> None:
    with pytest.raises(NotSent, match="8 characters"):
        send_test_sms(replace(SETTINGS, password="ninechars"), "+79001234567", smsc.connect)
    assert smsc.bound == []


def test_nothing_is_sent_while_sms_is_turned_off() -> None:
    with pytest.raises(TurnedOff):
        send_test_sms(replace(SETTINGS, enabled=False), "+79001234567")


def test_the_test_message_is_one_sms() -> None:
    assert len(TEST_TEXT) <= 70


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("", 0, 0)),
        ("IVCS", ("IVCS", 5, 0)),
        ("+79001234567", ("79001234567", 1, 1)),
        ("79001234567", ("79001234567", 1, 1)),
        ("1234", ("1234", 0, 1)),
    ],
)
def test_the_kind_of_sender(text: str, expected: tuple[str, int, int]) -> None:
    found = sender_address(text)
    assert (found.text, found.ton, found.npi) == expected


@pytest.mark.parametrize("number", ["", "you", "+7", "+7900123456789012", "+7900\0", "٣٣٣٣٣٣"])
def test_what_is_no_telephone_number_is_refused(number: str) -> None:
    with pytest.raises(NotSent):
        recipient_address(number)
