"""Servers that answer as those of the lab did when `configure` was recorded there; see record.py."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from live_cluster.plan.build import SETTINGS_FILE
from live_cluster.plan.cib_steps import NEW_CIB
from live_cluster.probes.head import CIB
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    Done,
    FileState,
    HoldLock,
    ReadFile,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
    WriteTogether,
)
from recordings.configure.recorder import changes, from_json, key_of

HERE = Path(__file__).parent
RELEASES = ("bookworm", "trixie")
HEADS = ("ivcs-main-1", "ivcs-main-2")
SERVERS = (*HEADS, "ivcs-media-0")


class NotRecorded(AssertionError):
    """A request that nobody made while the runs were recorded."""

    def __init__(self, server: str, request: Request) -> None:
        super().__init__(f"{server}: {key_of(request)!r}; record again: tests/recordings/configure/record.py")


@cache
def _recording(release: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((HERE / f"{release}.json").read_text("utf-8"))["servers"]
    return values


class NoChannel:
    """There is no executor behind these servers."""

    async def send(self, data: bytes) -> None:  # noqa: ARG002
        raise AssertionError("a recorded server has no executor")

    async def receive_line(self) -> bytes:
        raise AssertionError("a recorded server has no executor")

    async def close(self) -> None:
        """Nothing to end."""


class RecordedServer(Server):
    """One server before the first run; what is changed on it takes it forward to the end of the recording.

    With `configured` it is the server as the first run has left it.

    What is written can be read again, and the patched CIB is the one that was written for the patch: other texts
    than those of the recorded runs need no new recording, other commands do.
    """

    def __init__(self, name: str, release: str = "bookworm", *, configured: bool = False) -> None:
        super().__init__(name, NoChannel())
        record = _recording(release)[name]
        self.recorded_changes: list[str] = record["changes"]
        self._replies: dict[str, list[dict[str, Any]]] = record["replies"]
        self._is_configured = configured
        self._position = _end_of_first_run(self.recorded_changes) if configured else 0
        self._asked_here: Counter[str] = Counter()
        self.written: dict[str, FileState] = {}
        # Answers that a test wants to be others, by the request's key.
        self.instead: dict[str, Reply] = {}
        # The run is interrupted (Ctrl-C) while this request is being carried out.
        self.interrupted_at = ""
        self.is_closed = False
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        """The recorded answer; NotRecorded where there is none."""
        self.asked.append(request)
        if key_of(request) == self.interrupted_at:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        reply = self.answer(request)
        if self.watch:
            self.watch(self.name, request, reply)
        return reply

    async def close(self) -> None:
        """Only noted."""
        self.is_closed = True

    @property
    def changed(self) -> list[str]:
        """What was asked for that changes the server, a lock included."""
        return [key_of(one) for one in self.asked if changes(one) or isinstance(one, HoldLock)]

    def answer(self, request: Request) -> Reply:
        """What the server answers at this point of the recording."""
        key = key_of(request)
        if key in self.instead:
            return self.instead[key]
        if isinstance(request, Command) and f"run {request}" in self.instead:
            # Whatever it was given on standard input.
            return self.instead[f"run {request}"]
        if isinstance(request, ReadFile) and request.path in self.written:
            return self.written[request.path]
        if isinstance(request, WriteFile | WriteTogether | RemoveFile):
            reply: Reply = Done()
        else:
            reply = self._recorded(request, key)
        if changes(request):
            self._take_forward(request, key)
        return reply

    def _recorded(self, request: Request, key: str) -> Reply:
        rows = self._replies.get(key)
        if rows is None:
            raise NotRecorded(self.name, request)
        self._asked_here[key] += 1
        if (
            not self._is_configured
            and isinstance(request, ReadFile)
            and f"write {request.path}" in self.recorded_changes
        ):
            # What is written here comes from this run, not from the recorded one.
            return from_json(rows[0]["answers"][0])
        now = max((n for n, one in enumerate(rows) if one["after_changes"] <= self._position), default=0)
        answers = rows[now]["answers"]
        if rows[now]["after_changes"] < self._position:
            # What was waited for then has come, and is so ever since.
            answers = answers[-1:]
        later = [answer for row in rows[now + 1 :] for answer in row["answers"]]
        # A plan is made and checked with three looks; who looks more often waits, and time goes by.
        return from_json(_nth([answers[0], *[answers[-1]] * 2, *later], self._asked_here[key]))

    def _take_forward(self, request: Request, key: str) -> None:
        following = self.recorded_changes[self._position :]
        # A run that fails is remembered, too: that does not make it the recorded one's end.
        if key in (following[:1] if "/history/" in key else following):
            self._position += following.index(key) + 1
            self._asked_here.clear()
        if isinstance(request, WriteFile | WriteTogether):
            for file in (request,) if isinstance(request, WriteFile) else request.files:
                self.written[file.path] = FileState(
                    exists=True, content=file.content, mode=file.mode, owner=file.owner, group=file.group
                )
        elif isinstance(request, RemoveFile):
            self.written[request.path] = FileState(exists=False)
        elif isinstance(request, Command) and request.argv[:2] == ("cibadmin", "--patch"):
            self.instead[key_of(CIB)] = CommandResult(returncode=0, stdout=self.written[NEW_CIB].content)


def _end_of_first_run(changed: Sequence[str]) -> int:
    """How many changes a first run makes; the record of the run is the last one, on one of the heads."""
    history = [number for number, key in enumerate(changed, start=1) if "/history/" in key]
    settings = [number for number, key in enumerate(changed, start=1) if key == f"write {SETTINGS_FILE}"]
    return min(history or settings or [len(changed)])


def _nth(answers: Sequence[dict[str, Any]], number: int) -> dict[str, Any]:
    return answers[min(number, len(answers)) - 1]


def answers_of(server: RecordedServer, requests: Sequence[Request]) -> dict[Request, Reply]:
    """All answers at this point."""
    return {request: server.answer(request) for request in requests}
