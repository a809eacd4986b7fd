"""A step: where, what, its impact, and the one check that says whether it is done.

The same check decides three times: whether the step belongs into the plan, whether it is still needed right
before it is carried out, and whether it came about afterwards. Nothing else knows what "done" means.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from live_cluster.errors import Problem
from live_cluster.messages import Message
from live_cluster.probes.simulation import Effect
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
)

# Observations: what each server answered to the requests of the checks.
Observed = Mapping[tuple[str, Request], Reply]
Replies = tuple[Reply, ...]


class Impact(IntEnum):
    """What users of the product notice, in rising order."""

    NONE = 0
    RELOAD = 1
    RESTART = 2
    FAILOVER = 3
    OUTAGE = 4
    REPLACES_DATA = 5

    @property
    def word(self) -> str:
        """As documents and records write it: `replaces-data`."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Read-only requests, what their replies must be like, and in a few words what is still missing."""

    requests: tuple[Request, ...]
    holds: Callable[[Replies], bool]
    missing: Callable[[Replies], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """Read-only questions that only a step in the plan is worth, and the step as their answers show it.

    `requests` follow from what the check saw; `judged` gets the step, that, and the answers.
    """

    requests: Callable[[Replies], tuple[Request, ...]]
    judged: Callable[[Step, Replies, Replies], tuple[Step, tuple[Problem, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Read-only questions whose answers tell how far a long action is; None where they tell nothing yet."""

    requests: tuple[Request, ...]
    shown: Callable[[Replies], Message | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivesUp:
    """Read-only questions, asked while a step is at work or waits, whose answers may tell that it does so in vain.

    `why` are more of them where that is so; the error follows from both.
    """

    requests: tuple[Request, ...]
    why: Callable[[Replies], tuple[Request, ...]]
    problem: Callable[[Replies, Replies], Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change on one server.

    `actions` follow from the check's replies right before: what is there decides what has to be done.
    `describe` makes the preview (a difference) from the same replies.
    `deadline_s`: how long the check may take to become true after the actions; 0 means at once.
    `measures` tells how far long actions are while they run; `gives_up` ends them, and the waiting after them.
    `undo` is done where the step fails or is interrupted, as far as it can be.
    `watches` names a file on the server that tells how far a long step is (JSON with a `message`);
    `tells` says it by what the check sees.
    `explain` says what an action's unwelcome exit code means, where a command's own words would not help;
    `tolerates` such a code that is no failure.
    `always_shown`: the preview is a few lines that belong into every plan, not only into a dry run's.
    `foreseen`: belongs into the plan although its check holds now, because earlier steps will change that.
    `follows`: checks of such earlier steps on this server; where one does not hold, this step is foreseen.
    `asks` is a question that must be agreed to before anything is touched.
    `second_look` may fill in `effects`, what Pacemaker would do with which resource, and `preview_note`, a
    sentence for what the preview leaves out.
    """

    code: str
    node: str
    title: Message
    impact: Impact
    actions: Callable[[Replies], tuple[Request, ...]]
    check: Check
    describe: Callable[[Replies], str] | None = None
    preview: str = ""
    always_shown: bool = False
    deadline_s: float = 0.0
    measures: Measure | None = None
    gives_up: GivesUp | None = None
    undo: tuple[Request, ...] = ()
    watches: str = ""
    tells: Callable[[Replies], Message] | None = None
    explain: Callable[[CommandResult], Problem] | None = None
    tolerates: Callable[[Command, CommandResult], bool] | None = None
    foreseen: bool = False
    follows: tuple[Check, ...] = ()
    asks: Message | None = None
    second_look: SecondLook | None = None
    effects: tuple[Effect, ...] | None = None
    preview_note: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Steps between two barriers: servers work side by side, the steps of one server in their order."""

    title: Message
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be done, in order."""

    stages: tuple[Stage, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in their order."""
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def impact(self) -> Impact:
        """The worst of all steps."""
        return max((step.impact for step in self.steps), default=Impact.NONE)


def requests_of(stages: tuple[Stage, ...]) -> dict[str, tuple[Request, ...]]:
    """Per server, every request that the checks of these steps make, each once."""
    wanted: dict[str, dict[Request, None]] = {}
    for stage in stages:
        for step in stage.steps:
            for check in (step.check, *step.follows):
                wanted.setdefault(step.node, {}).update(dict.fromkeys(check.requests))
    return {node: tuple(requests) for node, requests in wanted.items()}


def is_done(step: Step, observed: Observed) -> bool:
    """Does the step's check hold with what was observed?"""
    return _holds(step.check, step.node, observed)


def seen(step: Step, observed: Observed) -> Replies:
    """What the step's check saw."""
    return tuple(observed[step.node, request] for request in step.check.requests)


def _holds(check: Check, node: str, observed: Observed) -> bool:
    return check.holds(tuple(observed[node, request] for request in check.requests))


def _belongs(step: Step, observed: Observed) -> bool:
    stays = all(_holds(check, step.node, observed) for check in step.follows)
    return step.foreseen or not stays or not is_done(step, observed)


def outstanding(stages: tuple[Stage, ...], observed: Observed) -> Plan:
    """The plan: of all steps that make up the described cluster, those whose check does not hold."""
    remaining = []
    for stage in stages:
        steps = tuple(_with_preview(step, observed) for step in stage.steps if _belongs(step, observed))
        if steps:
            remaining.append(Stage(title=stage.title, steps=steps))
    return Plan(stages=tuple(remaining))


def file_check(wanted: WriteFile) -> Check:
    """The file has this content, mode and owner."""

    def holds(replies: Replies) -> bool:
        state = replies[0]
        return (
            isinstance(state, FileState)
            and state.exists
            and state.content == wanted.content
            and (state.mode, state.owner, state.group) == (wanted.mode, wanted.owner, wanted.group)
        )

    return Check(requests=(ReadFile(path=wanted.path),), holds=holds)


def absent_check(path: str) -> Check:
    """There is no such file."""

    def holds(replies: Replies) -> bool:
        state = replies[0]
        return isinstance(state, FileState) and not state.exists

    return Check(requests=(ReadFile(path=path),), holds=holds)


def command_check(command: Command, holds: Callable[[CommandResult], bool]) -> Check:
    """The command's result is as `holds` wants it."""

    def accept(replies: Replies) -> bool:
        result = replies[0]
        return isinstance(result, CommandResult) and holds(result)

    return Check(requests=(command,), holds=accept)


def both(first: Check, second: Check) -> Check:
    """Both checks hold."""
    count = len(first.requests)
    return Check(
        requests=first.requests + second.requests,
        holds=lambda replies: first.holds(replies[:count]) and second.holds(replies[count:]),
    )


def always(*actions: Request) -> Callable[[Replies], tuple[Request, ...]]:
    """The same actions whatever was observed."""
    return lambda _replies: actions


def file_difference(action: WriteFile | RemoveFile) -> Callable[[Replies], str]:
    """The preview of a file step: a unified difference, or only the path where the content may be secret."""
    return lambda replies: _difference(action, replies[0])


def _with_preview(step: Step, observed: Observed) -> Step:
    if step.describe is None:
        return step
    return replace(step, preview=step.describe(seen(step, observed)))


def _difference(action: WriteFile | RemoveFile, state: Reply) -> str:
    if not isinstance(state, FileState):
        return f"{action.path}\n"
    is_secret = isinstance(action, WriteFile) and not action.mode & 0o004
    if is_secret or (state.exists and not state.mode & 0o004):
        return f"{action.path}\n"
    new = action.content.decode(errors="replace") if isinstance(action, WriteFile) else ""
    lines = difflib.unified_diff(
        state.text.splitlines(), new.splitlines(), action.path, action.path, lineterm="", n=1
    )
    return "".join(line + "\n" for line in lines)
