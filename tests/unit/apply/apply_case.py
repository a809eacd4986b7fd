"""Servers whose answers a test writes down, and an observer that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from live_cluster.apply import waiting
from live_cluster.apply.run import Run, StepResult
from live_cluster.messages import Message, message, render
from live_cluster.plan.step import Impact, Plan, Replies, Stage, Step, always, command_check
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

TITLE = message("step-cib")
OK, FAILED = CommandResult(returncode=0), CommandResult(returncode=1, stderr=b"it broke\n")


class NoChannel:
    """There is no executor."""

    async def send(self, data: bytes) -> None:  # noqa: ARG002
        raise AssertionError("no executor")

    async def receive_line(self) -> bytes:
        raise AssertionError("no executor")

    async def close(self) -> None:
        """Nothing to end."""


class ScriptedServer(Server):
    """`answers` has a list for each request; the last answer is given again and again."""

    def __init__(self, name: str, answers: dict[Request, list[Reply]]) -> None:
        super().__init__(name, NoChannel())
        self.answers = answers
        self.asked: list[Request] = []
        self.before: Callable[[Request], None] = lambda _: None

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        # As on a real connection, others have their turn meanwhile.
        await asyncio.sleep(0)
        self.before(request)
        known = self.answers[request]
        reply = known.pop(0) if len(known) > 1 else known[0]
        if self.watch:
            self.watch(self.name, request, reply)
        return reply


@dataclass(slots=True)
class Notes:
    """Everything that an observer gets to know, in order."""

    lines: list[str] = field(default_factory=list)

    def stage(self, stage: Stage) -> None:
        self.lines.append(f"stage {stage.title.code}")

    def began(self, step: Step) -> None:
        self.lines.append(f"began {step.code} {step.node}")

    def progress(self, step: Step, text: Message | None) -> None:
        self.lines.append(f"{step.code} {step.node}: {render(text, 'en') if text else ''}")

    def ended(self, result: StepResult) -> None:
        self.lines.append(f"{result.state.value} {result.step.code} {result.step.node}")


def ask(name: str) -> Command:
    """A question; the answer 0 means that it is so."""
    return Command(argv=("ask", name))


def do(name: str) -> Command:
    """A change."""
    return Command(argv=("do", name), changes_node=True)


def step(name: str, node: str = "a", *, deadline_s: float = 0.0, watches: str = "") -> Step:
    """A step whose check asks NAME and whose action does NAME."""
    return Step(
        code=name,
        node=node,
        title=TITLE,
        impact=Impact.NONE,
        actions=always(do(name)),
        check=command_check(ask(name), lambda result: result.ok),
        deadline_s=deadline_s,
        watches=watches,
    )


def plan(*stages: tuple[Step, ...]) -> Plan:
    """Stages with barriers between them."""
    return Plan(stages=tuple(Stage(title=TITLE, steps=steps) for steps in stages))


def undone(*names: str) -> dict[Request, list[Reply]]:
    """A server on which these steps are not done, and come about when they are carried out."""
    answers: dict[Request, list[Reply]] = {}
    for name in names:
        answers |= {ask(name): [FAILED, OK], do(name): [OK]}
    return answers


@dataclass(kw_only=True)
class SwiftTime:
    """A clock that waiting moves forward at once."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@contextmanager
def swift_time() -> Iterator[SwiftTime]:
    clock = SwiftTime()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "time", clock)
        patch.setattr(waiting, "asyncio", clock)
        yield clock


def carried_out(work: Plan, *servers: ScriptedServer) -> tuple[Run, Notes, BaseException | None]:
    """The run, what was seen of it, and what ended it."""
    notes = Notes()
    run = Run(servers={server.name: server for server in servers}, observer=notes)
    error: BaseException | None = None
    try:
        with swift_time():
            asyncio.run(run.carry_out(work))
    except BaseException as raised:  # noqa: BLE001 - the test looks at it
        error = raised
    return run, notes, error


def nothing(_replies: Replies) -> str:
    """No words."""
    return ""
