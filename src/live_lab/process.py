"""The only place of the lab that starts processes."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

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
        self._stdout = _scratch_file()
        self._stderr = _scratch_file()
        with tempfile.TemporaryFile() as source:
            source.write(stdin.encode() if isinstance(stdin, str) else stdin)
            source.seek(0)
            self._process = subprocess.Popen(
                self.argv,
                stdin=source,
                stdout=self._stdout,
                stderr=self._stderr,
                env=env,
                start_new_session=True,
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


def _scratch_file() -> IO[bytes]:
    # Files, not pipes: a command whose output nobody reads yet must not come to a halt.
    return tempfile.TemporaryFile()


def _everything(stream: IO[bytes]) -> str:
    size = os.fstat(stream.fileno()).st_size
    return os.pread(stream.fileno(), size, 0).decode(errors="replace")


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


def detach(argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> int:
    """Starts a process that outlives us, without terminal, and returns its id; output goes to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
        )
    _DETACHED.append(process)
    return process.pid


# Kept so that poll() can collect those that end before us: a zombie would look like a running host.
_DETACHED: list[subprocess.Popen[bytes]] = []


def start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of the process: with the id it names a process for good."""
    for process in _DETACHED:
        process.poll()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def attached(argv: Sequence[str]) -> int:
    """Runs the command on our own terminal and returns its exit code."""
    return subprocess.call(argv)


def become(argv: Sequence[str]) -> NoReturn:
    """Replaces this process."""
    os.execvp(argv[0], list(argv))  # noqa: S606 - argv, as everywhere
