"""The controller's end of one executor: requests out, replies back, in any order."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from live_cluster.errors import Unreachable, problem
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

# The program's length comes first, then the program itself, so that nothing needs to exist on the server.
BOOTSTRAP = (
    "import sys;n=int(sys.stdin.buffer.readline());"
    "exec(compile(sys.stdin.buffer.read(n),'live-cluster-executor','exec'))"
)
# Without the server's own additions to Python (-S), which take as long to load as Python itself.
EXECUTOR_ARGV = ("/usr/bin/python3", "-IS", "-c", BOOTSTRAP)


class Channel(Protocol):
    """The two byte streams of a started executor, and a way to end it."""

    async def send(self, data: bytes) -> None:
        """Write all of `data`; an OSError where the other side is gone."""

    async def receive_line(self) -> bytes:
        """One line, empty at the end of the stream."""

    async def close(self) -> None:
        """End the executor."""


class Server:
    """One server during a run: `ask` any request, many at a time."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self._channel = channel
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._end_of_stream = False
        self.watch: Callable[[str, Request, Reply], None] | None = None

    async def start(self) -> None:
        """Send the program and begin to read its answers."""
        program = _program()
        await self._channel.send(str(len(program)).encode() + b"\n" + program)
        self._reader = asyncio.create_task(self._read())

    async def ask(self, request: Request) -> Reply:
        """Carry out one request; Unreachable where the connection is or gets lost."""
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        before = time.time()
        try:
            if self._end_of_stream:
                raise self._lost("end of stream")
            line = json.dumps({"id": number, **_encode(request)}).encode() + b"\n"
            await self._channel.send(line)
        except OSError as error:
            raise self._lost(str(error)) from error
        reply = _decode(request, await future, before)
        if self.watch:
            self.watch(self.name, request, reply)
        return reply

    async def ask_all(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """All requests at the same time; replies in the order of the requests."""
        return tuple(await asyncio.gather(*(self.ask(request) for request in requests)))

    async def close(self) -> None:
        """End the executor, its locks and whatever it is still running."""
        if self._reader:
            self._reader.cancel()
        await self._channel.close()

    async def _read(self) -> None:
        reason = "end of stream"
        try:
            while line := await self._channel.receive_line():
                reply = json.loads(line)
                future = self._waiting.pop(reply["id"])
                # Who asked may have been interrupted meanwhile.
                if not future.done():
                    future.set_result(reply)
        except (OSError, ValueError, KeyError) as error:
            # An answer that is none (or longer than LINE_LIMIT) ends the connection like a lost one.
            reason = str(error)
        self._end_of_stream = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(self._lost(reason))

    def _lost(self, reason: str) -> Unreachable:
        return Unreachable(problem("connection-lost", node=self.name, reason=reason))


@cache
def _program() -> bytes:
    return files("live_cluster.remote").joinpath("executor_program.py").read_bytes()


def _encode(request: Request) -> dict[str, object]:
    match request:
        case Command():
            stdin = base64.b64encode(request.stdin).decode()
            return {"op": "run", "argv": request.argv, "stdin": stdin, "timeout": request.timeout_s}
        case ReadFile():
            return {"op": "read", "path": request.path}
        case WriteFile():
            return {"op": "write", **_file(request)}
        case WriteTogether():
            return {"op": "write-together", "files": [_file(one) for one in request.files]}
        case RemoveFile():
            return {"op": "remove", "path": request.path, "set_aside": request.set_aside}
        case HoldLock():
            return {"op": "lock", "path": request.path, "note": request.note}
        case ReadClock():
            return {"op": "clock"}


def _file(request: WriteFile) -> dict[str, object]:
    return {
        "path": request.path,
        "content": base64.b64encode(request.content).decode(),
        "mode": request.mode,
        "owner": request.owner,
        "group": request.group,
        "set_aside": request.set_aside,
    }


def _decode(request: Request, reply: dict[str, Any], sent_at: float) -> Reply:
    if "refused" in reply:
        return Refused(reason=reply["refused"], held_by=reply.get("held_by", ""))
    match request:
        case Command():
            return CommandResult(
                returncode=reply["rc"],
                stdout=base64.b64decode(reply["out"]),
                stderr=base64.b64decode(reply["err"]),
            )
        case ReadFile():
            return _file_state(reply)
        case ReadClock():
            now = time.time()
            # The server read its clock somewhere between our two readings: take the middle.
            return ClockReading(
                remote_s=reply["time"], local_s=(sent_at + now) / 2, uncertainty_s=(now - sent_at) / 2
            )
        case _:
            return Done()


def _file_state(reply: dict[str, Any]) -> FileState:
    if not reply["exists"]:
        return FileState(exists=False)
    return FileState(
        exists=True,
        content=base64.b64decode(reply["content"]),
        mode=reply["mode"],
        owner=reply["owner"],
        group=reply["group"],
        mtime=reply["mtime"],
    )
