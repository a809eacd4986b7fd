"""Runs on a lab host: a message centre (SMPP 3.4) with one account; prints what it takes.

Arguments: address, port. Standard output: a line of JSON for each whole message, however many parts it came in.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from dataclasses import dataclass, field

# As long as the protocol allows: 15 and 8 letters.
USERNAME, PASSWORD = "ivcs-live-video", "p\"'$ %\\x"

# Commands and errors, SMPP 3.4, 5.1.2.1 and 5.1.3.
BINDS = {0x1: "receiver", 0x2: "transmitter", 0x9: "transceiver"}
SUBMIT_SM, UNBIND, ENQUIRE_LINK = 0x4, 0x6, 0x15
ANSWER, GENERIC_NACK = 0x80000000, 0x80000000
OK, UNKNOWN_COMMAND, NOT_BOUND, BOUND_ALREADY = 0x0, 0x3, 0x4, 0x5
BAD_PASSWORD, BAD_NAME = 0xE, 0xF
HAS_HEADER, PAYLOAD = 0x40, 0x0424
LONGEST_PDU = 70_000

# GSM 03.38: the default alphabet, and what follows an escape.
GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = dict(zip(b"\x14()/<=>@e", "^{}\\[~]|€", strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """One submit_sm."""

    sender: tuple[str, int, int]
    recipient: tuple[str, int, int]
    coding: int
    header: bytes
    content: bytes

    @classmethod
    def of(cls, body: bytes) -> Submitted:
        """Reads the body of the PDU: SMPP 3.4, 4.4.1."""
        _, rest = _text(body)
        sender, rest = _address(rest)
        recipient, rest = _address(rest)
        esm_class, rest = rest[0], rest[3:]
        for _ in ("schedule_delivery_time", "validity_period"):
            _, rest = _text(rest)
        coding, length = rest[2], rest[4]
        content, optional = rest[5 : 5 + length], rest[5 + length :]
        content = _optional(optional).get(PAYLOAD, content)
        header = b""
        if esm_class & HAS_HEADER:
            header, content = content[1 : 1 + content[0]], content[1 + content[0] :]
        return cls(sender=sender, recipient=recipient, coding=coding, header=header, content=content)

    @property
    def place(self) -> tuple[int, int, int]:
        """Reference, number of parts and number of this part (GSM 03.40, 9.2.3.24.1)."""
        match self.header[:1]:
            case b"\x00":
                return self.header[2], self.header[3], self.header[4]
            case b"\x08":
                return int.from_bytes(self.header[2:4]), self.header[4], self.header[5]
        return 0, 1, 1


@dataclass(slots=True)
class Centre:
    """What all connections share: parts of messages that are not whole yet."""

    parts: dict[tuple[str, int], dict[int, Submitted]] = field(default_factory=dict)
    taken: int = 0

    def take(self, part: Submitted, account: str) -> str:
        """The id of the message; a whole one is told."""
        reference, count, number = part.place
        key = (part.recipient[0], reference)
        parts = self.parts.setdefault(key, {})
        parts[number] = part
        self.taken += 1
        if len(parts) == count:
            del self.parts[key]
            note = {
                "account": account,
                "from": part.sender,
                "to": part.recipient,
                "coding": part.coding,
                "parts": count,
                "text": text_of(b"".join(parts[one].content for one in sorted(parts)), part.coding),
            }
            sys.stdout.write(json.dumps(note) + "\n")
            sys.stdout.flush()
        return f"lab-{self.taken}"


@dataclass(slots=True)
class Session:
    """One connection."""

    centre: Centre
    account: str = ""

    def answer(self, command: int, body: bytes) -> tuple[int, int, bytes]:
        """Command, status and body of the answer."""
        if command in BINDS:
            status = self._bind(body)
            return command | ANSWER, status, b"lab\0" if status == OK else b""
        if command == SUBMIT_SM:
            if not self.account:
                return command | ANSWER, NOT_BOUND, b""
            message_id = self.centre.take(Submitted.of(body), self.account)
            return command | ANSWER, OK, message_id.encode() + b"\0"
        if command in (ENQUIRE_LINK, UNBIND):
            return command | ANSWER, OK, b""
        return GENERIC_NACK, UNKNOWN_COMMAND, b""

    def _bind(self, body: bytes) -> int:
        name, rest = _text(body)
        password, _ = _text(rest)
        if self.account:
            return BOUND_ALREADY
        if name != USERNAME:
            return BAD_NAME
        if password != PASSWORD:
            return BAD_PASSWORD
        self.account = name
        return OK


def text_of(content: bytes, coding: int) -> str:
    """What a telephone would show; a letter may begin in one part and end in the next."""
    match coding:
        case 0:
            return _gsm(content)
        case 8:
            return content.decode("utf-16-be")
        case _:
            return content.decode("latin-1")


def _text(body: bytes) -> tuple[str, bytes]:
    found, _, rest = body.partition(b"\0")
    return found.decode("ascii"), rest


def _address(body: bytes) -> tuple[tuple[str, int, int], bytes]:
    """Address, type of number, numbering plan."""
    text, rest = _text(body[2:])
    return (text, body[0], body[1]), rest


def _optional(body: bytes) -> dict[int, bytes]:
    found = {}
    while body:
        tag, length = struct.unpack(">HH", body[:4])
        found[tag], body = body[4 : 4 + length], body[4 + length :]
    return found


def _gsm(content: bytes) -> str:
    letters = iter(content)
    return "".join(GSM_ESCAPED[next(letters)] if one == 0x1B else GSM[one] for one in letters)


async def serve(address: str, port: int) -> None:
    """For ever."""
    centre = Centre()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(centre)
        try:
            while True:
                head = await reader.readexactly(16)
                length, command, _, sequence = struct.unpack(">IIII", head)
                if not 16 <= length <= LONGEST_PDU:
                    return
                body = await reader.readexactly(length - 16)
                answered, status, text = session.answer(command, body)
                writer.write(struct.pack(">IIII", 16 + len(text), answered, status, sequence) + text)
                await writer.drain()
                if command == UNBIND:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(talk, address, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
