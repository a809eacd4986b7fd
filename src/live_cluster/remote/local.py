"""Processes on this machine, for the verbs that need no other server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from live_cluster.errors import CommandFailed, problem

# Tools are parsed, so their language is fixed; sbin is where cluster tools live, also under sudo and cron.
TOOL_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a process left: exit code (negative: the signal that ended it), both outputs."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")


class Started:
    """A local process that is already at work; `finish` waits for it."""

    def __init__(self, argv: Sequence[str], stdin: bytes) -> None:
        self._argv = tuple(argv)
        self._stdin = stdin
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=TOOL_ENVIRONMENT,
        )

    def finish(self, *, timeout_s: float = 60) -> Completed:
        """Both outputs and the exit code; 124 as timeout(1) gives where it had to be ended."""
        try:
            out, err = self._process.communicate(self._stdin, timeout=timeout_s)
            code = self._process.returncode
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            code = 124
        return Completed(argv=self._argv, returncode=code, stdout=out, stderr=err)


def start_local(argv: Sequence[str], *, stdin: bytes = b"") -> Started:
    """Start without waiting, so that several tools work at the same time; FileNotFoundError as subprocess."""
    return Started(argv, stdin)


def run_local(
    argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 60, check: bool = True
) -> Completed:
    """Run one command here; CommandFailed (with `check`) where it is missing or its exit code is not 0."""
    try:
        completed = start_local(argv, stdin=stdin).finish(timeout_s=timeout_s)
    except FileNotFoundError:
        completed = Completed(argv=tuple(argv), returncode=127, stdout=b"", stderr=b"command not found")
    if check and completed.returncode != 0:
        raise command_failed(completed.argv, completed.returncode, completed.stderr)
    return completed


def command_failed(argv: Sequence[str], returncode: int, stderr: bytes) -> CommandFailed:
    """What to raise for a command on this server that did not succeed."""
    return CommandFailed(
        problem(
            "command-failed",
            node=os.uname().nodename,
            command=" ".join(argv),
            exit_code=returncode,
            output=stderr.decode(errors="replace").strip()[-2000:],
        )
    )
