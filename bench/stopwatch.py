"""Time commands on a host of the lab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from live_lab import Host

PROGRAM = (Path(__file__).parent / "stopwatch_program.py").read_text()
DEADLINE_S = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command; `processor_seconds` are those of the command and of what it started and waited for."""

    seconds: float
    processor_seconds: float
    exit_code: int
    output: str
    errors: str


def time_commands(
    host: Host, commands: Sequence[Sequence[str]], *, rounds: int, warm_up: bool = False
) -> tuple[tuple[Run, ...], ...]:
    """The runs of each command; they take turns, so that a busy moment of the machine meets all of them.

    `warm_up` adds a round that is not counted. LabCommandFailed where a command fails.
    """
    wish = json.dumps({"commands": [list(argv) for argv in commands], "rounds": rounds, "warm_up": warm_up})
    answer = host.run(("/usr/bin/python3", "-I", "-", wish), stdin=PROGRAM, timeout_s=DEADLINE_S)
    return tuple(tuple(Run(**run) for run in runs) for runs in json.loads(answer.stdout)["turns"])


def time_command(host: Host, argv: Sequence[str]) -> Run:
    """A single run."""
    return time_commands(host, (argv,), rounds=1)[0][0]
