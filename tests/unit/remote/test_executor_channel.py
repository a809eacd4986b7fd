"""The controller's end of the executor's protocol."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from live_cluster.errors import Unreachable
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import (
    ClockReading,
    Command,
    CommandResult,
    Done,
    FileState,
    HoldLock,
    ReadClock,
    ReadFile,
    Refused,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
    WriteTogether,
)

TRUE = Command(argv=("true",))


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Wire:
    """An executor that answers with what a test has written down, by the operation's name."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers
        self.received: list[dict[str, Any]] = []
        self.program = b""
        self.lines: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        self.arrivals: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_closed = False

    async def send(self, data: bytes) -> None:
        if not self.program:
            self.program = data
            return
        request = json.loads(data)
        self.received.append(request)
        self.arrivals.put_nowait(request)
        answer = self.answers.get(request["op"])
        if answer is not None:
            self.lines.put_nowait(json.dumps({"id": request["id"], **answer}).encode() + b"\n")

    async def receive_line(self) -> bytes:
        line = await self.lines.get()
        if isinstance(line, OSError):
            raise line
        return line

    async def close(self) -> None:
        self.is_closed = True


def talk(wire: Wire, speak: Callable[[Server], Awaitable[Any]]) -> Any:
    """What `speak` gives with a started server behind this wire."""

    async def whole() -> Any:
        server = Server("a", wire)
        await server.start()
        try:
            async with asyncio.timeout(120):
                return await speak(server)
        finally:
            await server.close()

    return asyncio.run(whole())


def asked(wire: Wire, request: Request) -> Reply:
    reply: Reply = talk(wire, lambda server: server.ask(request))
    return reply


def test_the_program_is_sent_with_its_length_before_anything_else() -> None:
    wire = Wire(run={"rc": 0, "out": "", "err": ""})
    asked(wire, TRUE)
    length, _, program = wire.program.partition(b"\n")
    assert int(length) == len(program)
    assert b"def main()" in program


@pytest.mark.parametrize(
    ("request_", "sent", "answer", "reply"),
    [
        (
            Command(argv=("cat", "-"), stdin=b"\x00\xff", timeout_s=7),
            {"op": "run", "argv": ["cat", "-"], "stdin": text(b"\x00\xff"), "timeout": 7},
            {"rc": 3, "out": text(b"\x01"), "err": text(b"no")},
            CommandResult(returncode=3, stdout=b"\x01", stderr=b"no"),
        ),
        (
            ReadFile(path="/etc/x"),
            {"op": "read", "path": "/etc/x"},
            {"exists": True, "content": text(b"x"), "mode": 420, "owner": "a", "group": "b", "mtime": 1.5},
            FileState(exists=True, content=b"x", mode=0o644, owner="a", group="b", mtime=1.5),
        ),
        (ReadFile(path="/x"), {"op": "read", "path": "/x"}, {"exists": False}, FileState(exists=False)),
        (
            WriteFile(path="/x", content=b"x", mode=0o600, owner="a", group="b", set_aside="/aside"),
            {
                "op": "write",
                "path": "/x",
                "content": text(b"x"),
                "mode": 0o600,
                "owner": "a",
                "group": "b",
                "set_aside": "/aside",
            },
            {},
            Done(),
        ),
        (
            WriteTogether(files=(WriteFile(path="/x", content=b"x"),)),
            {
                "op": "write-together",
                "files": [
                    {
                        "path": "/x",
                        "content": text(b"x"),
                        "mode": 0o644,
                        "owner": "root",
                        "group": "root",
                        "set_aside": "",
                    }
                ],
            },
            {},
            Done(),
        ),
        (RemoveFile(path="/x"), {"op": "remove", "path": "/x", "set_aside": ""}, {}, Done()),
        (
            HoldLock(path="/lock", note="me"),
            {"op": "lock", "path": "/lock", "note": "me"},
            {"refused": "locked", "held_by": "you"},
            Refused(reason="locked", held_by="you"),
        ),
        (ReadFile(path="/x"), {"op": "read", "path": "/x"}, {"refused": "denied"}, Refused(reason="denied")),
    ],
)
def test_requests_and_replies_cross_the_wire(
    request_: Request, sent: dict[str, Any], answer: dict[str, Any], reply: Reply
) -> None:
    wire = Wire(**{sent["op"]: answer})
    assert asked(wire, request_) == reply
    assert wire.received == [{"id": 1, **sent}]


def test_a_clock_is_read_between_two_readings_of_ours() -> None:
    reading = asked(Wire(clock={"time": 1000.0}), ReadClock())
    assert isinstance(reading, ClockReading)
    assert reading.remote_s == 1000.0
    assert reading.uncertainty_s >= 0
    assert reading.offset_s == 1000.0 - reading.local_s


def test_replies_come_in_any_order() -> None:
    wire = Wire()

    async def speak(server: Server) -> tuple[Reply, ...]:
        both = asyncio.create_task(server.ask_all([TRUE, ReadFile(path="/x")]))
        await wire.arrivals.get()
        await wire.arrivals.get()
        wire.lines.put_nowait(b'{"id": 2, "exists": false}\n')
        wire.lines.put_nowait(b'{"id": 1, "rc": 0, "out": "", "err": ""}\n')
        return await both

    assert talk(wire, speak) == (CommandResult(returncode=0), FileState(exists=False))


def test_every_answer_is_shown_to_who_watches() -> None:
    seen: list[tuple[str, Request, Reply]] = []
    wire = Wire(read={"exists": False})

    async def speak(server: Server) -> Reply:
        server.watch = lambda *what: seen.append(what)
        return await server.ask(ReadFile(path="/x"))

    reply = talk(wire, speak)
    assert seen == [("a", ReadFile(path="/x"), reply)]


@pytest.mark.parametrize(
    "end",
    [
        b"",
        ConnectionResetError("reset by peer"),
        b"Traceback (most recent call last):\n",
        b'{"id": 99}\n',
        b'{"rc": 0}\n',
    ],
)
def test_a_connection_that_ends_ends_every_question(end: bytes | OSError) -> None:
    wire = Wire()
    wire.lines.put_nowait(end)

    async def speak(server: Server) -> list[Any]:
        first = await asyncio.gather(server.ask(TRUE), server.ask(TRUE), return_exceptions=True)
        return [*first, *await asyncio.gather(server.ask(TRUE), return_exceptions=True)]

    for error in talk(wire, speak):
        assert isinstance(error, Unreachable)
        assert error.problems[0].code == "connection-lost"
        assert error.problems[0].node == "a"


def test_a_connection_that_takes_nothing_more_is_lost() -> None:
    class Broken(Wire):
        async def send(self, data: bytes) -> None:
            if self.program:
                raise BrokenPipeError("Broken pipe")
            await super().send(data)

    with pytest.raises(Unreachable) as raised:
        asked(Broken(), TRUE)
    assert raised.value.problems[0].message.field("reason") == "Broken pipe"


def test_an_answer_that_nobody_waits_for_any_more_does_no_harm() -> None:
    wire = Wire()

    async def speak(server: Server) -> Reply:
        given_up = asyncio.create_task(server.ask(TRUE))
        await wire.arrivals.get()
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        wire.lines.put_nowait(b'{"id": 1, "rc": 0, "out": "", "err": ""}\n')
        wire.answers["read"] = {"exists": False}
        return await server.ask(ReadFile(path="/x"))

    assert talk(wire, speak) == FileState(exists=False)


def test_closing_ends_the_executor() -> None:
    wire = Wire(read={"exists": False})
    asked(wire, ReadFile(path="/x"))
    assert wire.is_closed


def test_what_is_secret_does_not_show_in_a_request() -> None:
    for request in (Command(argv=("psql",), stdin=b"secret"), WriteFile(path="/x", content=b"secret")):
        assert "secret" not in repr(request)
    assert str(Command(argv=("systemctl", "stop", "x"), stdin=b"secret")) == "systemctl stop x"
