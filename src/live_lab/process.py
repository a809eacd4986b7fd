"""The only place of the lab that starts processes."""

from __future__ import annotations

import os
import signal
import subprocess
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from live_lab.errors import LabCommandFailed, LabCommandTimeout
from live_lab.wait import slowness


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a command ended; bytes that are no UTF-8 are replaced."""

    returncode: int
    stdout: str
    stderr: str


class Background:
    """A command that runs beside us in a process group of its own; its output goes to temporary files."""

    def __init__(
        self, argv: Sequence[str], *, stdin: str | bytes = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.argv = tuple(argv)
        self._stdout, self._stderr, source = (_scratch(self, name) for name in ("stdout", "stderr", "stdin"))
        os.write(source, stdin.encode() if isinstance(stdin, str) else stdin)
        os.lseek(source, 0, os.SEEK_SET)
        self._process = subprocess.Popen(
            self.argv, stdin=source, stdout=self._stdout, stderr=self._stderr, env=env, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """Process id on this machine, also the id of its process group."""
        return self._process.pid

    @property
    def stdout(self) -> str:
        """What it wrote so far."""
        return _everything(self._stdout)

    @property
    def stderr(self) -> str:
        """What it complained about so far."""
        return _everything(self._stderr)

    @property
    def is_running(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    def wait(self, timeout_s: float = 600.0) -> Completed:
        """Waits for its end; LabCommandTimeout leaves it running."""
        try:
            returncode = self._process.wait(timeout_s * slowness())
        except subprocess.TimeoutExpired:
            raise LabCommandTimeout(
                self.argv, -1, f"still running after {timeout_s:.0f} s\n{self.stderr}"
            ) from None
        return Completed(returncode=returncode, stdout=self.stdout, stderr=self.stderr)

    def terminate(self) -> None:
        """SIGTERM to its process group."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to its process group, and collects the remains."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Any signal to its process group; nothing when it has ended."""
        if self.is_running:
            os.killpg(self.pid, number)


def _scratch(owner: object, name: str) -> int:
    # Memory, not pipes: a command whose output nobody reads yet must not come to a halt.
    descriptor = os.memfd_create(name)
    weakref.finalize(owner, os.close, descriptor)
    return descriptor


def _everything(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def run(
    argv: Sequence[str],
    *,
    stdin: str | bytes = "",
    check: bool = True,
    timeout_s: float = 120.0,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Runs the command to its end; its whole process group is killed when the time is up."""
    background = Background(argv, stdin=stdin, env=env)
    try:
        completed = background.wait(timeout_s)
    finally:
        background.kill()
    if check and completed.returncode != 0:
        raise LabCommandFailed(argv, completed.returncode, completed.stderr or completed.stdout)
    return completed


def detach(argv: Sequence[str], *, log: Path, env: Mapping[str, str]) -> int:
    """Starts a process that outlives us, without terminal, and returns its id; output goes to `log`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawnp(argv[0], list(argv), env, file_actions=actions, setsid=True)
    _DETACHED.add(pid)
    return pid


# Our children end when their host does, and have to be collected: a zombie keeps its id.
_DETACHED: set[int] = set()


def start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of the process: with the id it names a process for good."""
    if pid in _DETACHED and os.waitpid(pid, os.WNOHANG)[0] == pid:
        _DETACHED.discard(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def become(argv: Sequence[str]) -> NoReturn:
    """Replaces this process."""
    os.execvp(argv[0], list(argv))  # noqa: S606 - argv, as everywhere
