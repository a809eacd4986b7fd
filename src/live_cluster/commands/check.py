"""Checks of a running cluster that `status` cannot make by looking: something has to be tried.

Each check is a function from the tools of this server to findings; `CHECKS` is the list of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from live_cluster.apply.waiting import Clock
from live_cluster.errors import Problem
from live_cluster.messages import Message
from live_cluster.remote.local import Completed, run_local


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried: what, whether it is good, what came of it; `facts` are for the JSON form."""

    subject: Message
    good: bool
    detail: Message
    facts: Mapping[str, object]
    warnings: tuple[Problem, ...] = ()


class RunTool(Protocol):
    """A local command to its end; its exit code is the caller's affair."""

    def __call__(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float = 60, check: bool = False
    ) -> Completed:
        """Exit code 127 where there is no such command."""


def _run(
    argv: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float = 60, check: bool = False
) -> Completed:
    return run_local(argv, stdin=stdin, timeout_s=timeout_s, check=check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """This server as the checks use it."""

    run: RunTool = _run
    clock: Clock = field(default_factory=Clock)


Check = Callable[[Tools], Iterable[Finding]]
