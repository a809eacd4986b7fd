"""Carry a plan out: every server at its own pace between barriers, every step checked before and after."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from live_cluster.apply.waiting import wait_for
from live_cluster.errors import CommandFailed, ConditionNotMet, LiveClusterError, Unreachable, problem
from live_cluster.messages import Message, message
from live_cluster.plan.step import Plan, Replies, Stage, Step
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    Refused,
    Reply,
    Request,
    WriteTogether,
)

# How often a long action is asked how far it is.
MEASURE_EVERY_S = 2.0


class StepState(Enum):
    """How a step ended; `unchanged`: it was done already when its turn came."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step's end and how long it took."""

    step: Step
    state: StepState
    seconds: float


class Observer(Protocol):
    """Who watches the work: the screen, or nobody."""

    def stage(self, stage: Stage) -> None:
        """A stage begins."""

    def began(self, step: Step) -> None:
        """A step begins."""

    def progress(self, step: Step, text: Message | None) -> None:
        """A long step says how far it is; None where there is nothing to say yet."""

    def ended(self, result: StepResult) -> None:
        """A step ended."""


@dataclass(slots=True, kw_only=True)
class Run:
    """The run of one plan; `results` also tells what was reached where it failed or was interrupted."""

    servers: Mapping[str, Server]
    observer: Observer
    results: list[StepResult] = field(default_factory=list)
    # Servers whose loss does not end the run, and the errors of those that got lost.
    dispensable: frozenset[str] = frozenset()
    lost: dict[str, Unreachable] = field(default_factory=dict)
    _stopping: bool = False

    async def carry_out(self, plan: Plan) -> None:
        """All stages in order; after a failure no further step begins, and the failures are raised together."""
        for stage in plan.stages:
            self.observer.stage(stage)
            nodes = list(dict.fromkeys(step.node for step in stage.steps))
            outcomes = await asyncio.gather(
                *(self._one_server([step for step in stage.steps if step.node == node]) for node in nodes),
                return_exceptions=True,
            )
            _raise_failures(outcomes)

    def unreached(self, plan: Plan) -> list[StepResult]:
        """Steps of the plan that never began."""
        begun = {id(result.step) for result in self.results}
        return [
            StepResult(step=step, state=StepState.NOT_REACHED, seconds=0.0)
            for step in plan.steps
            if id(step) not in begun
        ]

    async def _one_server(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if self._stopping or step.node in self.lost:
                return
            started = time.monotonic()
            self.observer.began(step)
            try:
                state = await self._one_step(step)
            except Unreachable as error:
                self._end(step, StepState.FAILED, started)
                if step.node not in self.dispensable:
                    self._stopping = True
                    raise
                self.lost[step.node] = error
                return
            except BaseException:
                # Interrupted, failed, or a mistake of ours: nobody begins another step.
                self._stopping = True
                await self._undo(step)
                self._end(step, StepState.FAILED, started)
                raise
            self._end(step, state, started)

    async def _one_step(self, step: Step) -> StepState:
        server = self.servers[step.node]
        replies = await server.ask_all(step.check.requests)
        if step.check.holds(replies):
            return StepState.UNCHANGED
        await self._act(server, step, step.actions(replies))
        await self._await_effect(server, step)
        return StepState.CHANGED

    async def _act(self, server: Server, step: Step, actions: Sequence[Request]) -> None:
        """The actions; meanwhile the observer hears how far a long one is."""
        if step.measures is None and step.gives_up is None:
            await _act(server, step, actions)
            return
        work = asyncio.create_task(_act(server, step, actions))
        try:
            while not (await asyncio.wait({work}, timeout=MEASURE_EVERY_S))[0]:
                await _give_up(server, step)
                if step.measures is not None:
                    shown = step.measures.shown(await server.ask_all(step.measures.requests))
                    self.observer.progress(step, shown)
            await work
        finally:
            work.cancel()

    async def _undo(self, step: Step) -> None:
        """What ended the step is worth more than what becomes of this."""
        with contextlib.suppress(LiveClusterError):
            for request in step.undo:
                await self.servers[step.node].ask(request)

    async def _await_effect(self, server: Server, step: Step) -> None:
        replies: Replies = ()

        async def came_about() -> bool:
            nonlocal replies
            replies = await server.ask_all(step.check.requests)
            return step.check.holds(replies)

        async def report() -> None:
            await _give_up(server, step)
            if step.watches:
                state = await server.ask(ReadFile(path=step.watches))
                self.observer.progress(step, _progress(state))
            if step.tells:
                self.observer.progress(step, step.tells(replies))

        if not await wait_for(came_about, deadline_s=step.deadline_s, meanwhile=report):
            missing = step.check.missing
            seen = missing(replies) if missing else _last_words(replies)
            raise ConditionNotMet(
                problem(
                    "step-without-effect",
                    node=step.node,
                    step=step.title,
                    seconds=round(step.deadline_s),
                    seen=seen,
                )
            )

    def _end(self, step: Step, state: StepState, started: float) -> None:
        result = StepResult(step=step, state=state, seconds=time.monotonic() - started)
        self.results.append(result)
        self.observer.ended(result)


async def _give_up(server: Server, step: Step) -> None:
    if step.gives_up is None:
        return
    seen = await server.ask_all(step.gives_up.requests)
    questions = step.gives_up.why(seen)
    if questions:
        raise ConditionNotMet(step.gives_up.problem(seen, await server.ask_all(questions)))


async def _act(server: Server, step: Step, actions: Sequence[Request]) -> None:
    previous = b""
    for action in actions:
        request = action
        if isinstance(action, Command) and action.input_from_previous:
            request = replace(action, stdin=previous)
        reply = await server.ask(request)
        _check_reply(step, action, reply)
        previous = reply.stdout if isinstance(reply, CommandResult) else b""


def _check_reply(step: Step, action: Request, reply: Reply) -> None:
    node = step.node
    if isinstance(reply, Refused):
        files = action.files if isinstance(action, WriteTogether) else (action,)
        path = " ".join(getattr(one, "path", "") for one in files)
        raise CommandFailed(problem("file-failed", node=node, path=path, reason=reply.reason))
    if (
        isinstance(action, Command)
        and isinstance(reply, CommandResult)
        and reply.returncode not in action.accepts
        and not (step.tolerates and step.tolerates(action, reply))
    ):
        if step.explain is not None:
            raise CommandFailed(step.explain(reply))
        output = (reply.error_text or reply.text).strip()[-2000:]
        raise CommandFailed(
            problem(
                "command-failed",
                node=node,
                command=str(action),
                exit_code=reply.returncode,
                output=output,
            )
        )


def _raise_failures(outcomes: Sequence[BaseException | None]) -> None:
    failures = [one for one in outcomes if one is not None]
    if not failures:
        return
    known = [one for one in failures if isinstance(one, LiveClusterError)]
    if len(known) == len(failures):
        problems = tuple(found for one in known for found in one.problems)
        raise type(known[0])(*problems)
    raise next(one for one in failures if not isinstance(one, LiveClusterError))


# The database agent's words for what it is doing.
_KNOWN_STATES = frozenset(("checking", "waiting", "rewinding", "copying", "ready", "started", "failed"))


def _progress(state: Reply) -> Message | None:
    if not isinstance(state, FileState) or not state.exists:
        return None
    try:
        values = dict(json.loads(state.content))
    except (TypeError, ValueError):
        return None
    word = values.get("state")
    if word not in _KNOWN_STATES:
        return None
    shown = message(f"rejoin-{word}")
    done, total = values.get("bytes_done") or 0, values.get("bytes_total") or 0
    if not total:
        return shown
    # In percent: a log file gets a line for each change.
    return message("step-progress", state=shown, percent=100 * done // total, mib=total // 2**20)


def _last_words(replies: Replies) -> str:
    """What the check saw last, short enough for a message."""
    texts = [
        (reply.error_text or reply.text).strip() for reply in replies if isinstance(reply, CommandResult)
    ]
    return " | ".join(text[:300] for text in texts if text)
