"""The executor as a process of its own, over real pipes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from live_cluster.errors import Unreachable
from live_cluster.remote.executor import Server
from live_cluster.remote.local_channel import open_local
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
    Reply,
    Request,
    WriteFile,
)


def talk(speak: Callable[[Server], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        server = await open_local("here")
        try:
            async with asyncio.timeout(120):
                return await speak(server)
        finally:
            await server.close()

    return asyncio.run(whole())


def asked(request: Request) -> Reply:
    reply: Reply = talk(lambda server: server.ask(request))
    return reply


def test_a_command_gets_its_input_and_gives_both_outputs() -> None:
    command = Command(argv=("sh", "-c", "cat; echo problem >&2; exit 3"), stdin=b"\x00data\xff")
    assert asked(command) == CommandResult(returncode=3, stdout=b"\x00data\xff", stderr=b"problem\n")


def test_a_command_runs_in_a_fixed_environment() -> None:
    reply = asked(Command(argv=("sh", "-c", "echo $LC_ALL $HOME; pwd")))
    assert isinstance(reply, CommandResult)
    assert reply.text == "C.UTF-8 /root\n/\n"


def test_a_program_that_is_not_there() -> None:
    reply = asked(Command(argv=("live-cluster-no-such-program",)))
    assert isinstance(reply, CommandResult)
    assert reply.returncode == 127
    assert "No such file" in reply.error_text


def test_a_command_that_takes_too_long_is_ended_with_all_it_started() -> None:
    reply = asked(Command(argv=("sh", "-c", "echo begun; sleep 300 & sleep 300"), timeout_s=0.5))
    assert isinstance(reply, CommandResult)
    assert (reply.returncode, reply.text) == (124, "begun\n")


def test_requests_do_not_wait_for_each_other(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    waits = Command(argv=("sh", "-c", f'until [ -e "{gate}" ]; do sleep 0.1; done; echo open'), timeout_s=100)
    opens = Command(argv=("touch", str(gate)))
    replies = talk(lambda server: server.ask_all([waits, opens]))
    assert [reply.returncode for reply in replies] == [0, 0]


def test_many_requests_and_large_ones(tmp_path: Path) -> None:
    content = os.urandom(3 * 2**20)
    path = str(tmp_path / "large")

    async def speak(server: Server) -> tuple[Reply, ...]:
        assert await server.ask(WriteFile(path=path, content=content)) == Done()
        return await server.ask_all([ReadFile(path=path), *[ReadFile(path=f"{path}{n}") for n in range(100)]])

    first, *others = talk(speak)
    assert isinstance(first, FileState)
    assert first.content == content
    assert others == [FileState(exists=False)] * 100


def test_a_lock_ends_with_its_executor(tmp_path: Path) -> None:
    lock = HoldLock(path=str(tmp_path / "lock"), note="the first run")

    async def speak() -> list[Reply]:
        first, second = await open_local("first"), await open_local("second")
        taken = [await first.ask(lock), await second.ask(lock)]
        await first.close()
        taken.append(await second.ask(lock))
        await second.close()
        return taken

    assert asyncio.run(speak()) == [Done(), Refused(reason="locked", held_by="the first run"), Done()]


def test_commands_end_with_their_executor(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def speak() -> None:
        server = await open_local("here")
        # Holds the pipe's writing end open for as long as it lives.
        command = Command(argv=("sh", "-c", f'exec 3>"{pipe}"; echo ready >&3; sleep 300'), timeout_s=400)
        running = asyncio.create_task(server.ask(command))
        reader = await asyncio.to_thread(pipe.open, "rb")
        assert await asyncio.to_thread(reader.readline) == b"ready\n"
        await server.close()
        assert await asyncio.to_thread(reader.read) == b""
        reader.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(speak())


def test_the_clock_of_this_machine_is_right_by_itself() -> None:
    reading = asked(ReadClock())
    assert isinstance(reading, ClockReading)
    assert abs(reading.offset_s) <= reading.uncertainty_s + 0.01


def test_an_executor_that_was_killed_is_a_lost_connection() -> None:
    async def speak(server: Server) -> None:
        kill = Command(argv=("sh", "-c", "kill -KILL $PPID"))
        await server.ask(kill)

    with pytest.raises(Unreachable) as raised:
        talk(speak)
    assert raised.value.problems[0].code == "connection-lost"
