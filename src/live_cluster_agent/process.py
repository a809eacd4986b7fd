"""The agent's door to processes: starts them, looks at them, signals them."""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from live_cluster_agent.outcome import NOT_INSTALLED, AgentProblem

DATABASE_ACCOUNT = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a process ended; a process that was killed at its time limit has timed_out set."""

    code: int
    out: str
    error: str
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        """Exit code zero within the time limit."""
        return self.code == 0 and not self.timed_out

    @property
    def complaint(self) -> str:
        """The last line said on stderr, for messages."""
        if self.timed_out:
            return "no answer within the time limit"
        lines = self.error.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


def _as_database_account(environment: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "cwd": "/",
        "env": {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LC_ALL": "C.UTF-8",
            **environment,
        },
    }
    if os.geteuid() == 0:
        account = pwd.getpwnam(DATABASE_ACCOUNT)
        # Debian's server key is readable through the supplementary group ssl-cert.
        groups = os.getgrouplist(DATABASE_ACCOUNT, account.pw_gid)
        settings.update(user=account.pw_uid, group=account.pw_gid, extra_groups=groups)
        settings["env"]["HOME"] = account.pw_dir
    return settings


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    as_database: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run to the end with nothing on stdin; as_database drops to the account postgres and a clean environment."""
    settings = _as_database_account(environment or {}) if as_database else {"cwd": "/"}
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            **settings,
        )
    except subprocess.TimeoutExpired:
        return Finished(code=-1, out="", error="", timed_out=True)
    except FileNotFoundError as missing:
        raise AgentProblem(f"{argv[0]} is not installed", code=NOT_INSTALLED) from missing
    except OSError as problem:
        return Finished(code=-1, out="", error=f"{argv[0]} cannot be started: {problem.strerror}")
    return Finished(
        code=done.returncode,
        out=done.stdout.decode("utf-8", "replace"),
        error=done.stderr.decode("utf-8", "replace"),
    )


@contextmanager
def beside(commands: Sequence[Sequence[str]], *, timeout_s: float) -> Iterator[None]:
    """Run short commands while the block does something longer; their results do not matter to it."""
    running = [_start_silently(argv) for argv in commands]
    try:
        yield
    finally:
        for started in running:
            _exit_code(started, timeout_s)


def side_by_side(commands: Sequence[Sequence[str]], *, timeout_s: float) -> list[int]:
    """Run several short commands at once; their exit codes, -1 for one that took too long or did not start."""
    running = [_start_silently(argv) for argv in commands]
    return [_exit_code(started, timeout_s) for started in running]


def _start_silently(argv: Sequence[str]) -> "subprocess.Popen[bytes] | None":
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(list(argv), stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError:
        return None


def _exit_code(started: "subprocess.Popen[bytes] | None", timeout_s: float) -> int:
    if started is None:
        return -1
    try:
        return started.wait(timeout_s)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
        return -1


def follow(argv: Sequence[str], on_line: Callable[[str], None]) -> Finished:
    """Run a long command as postgres and hand over each progress line of its stderr (ended by CR or LF)."""
    with subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **_as_database_account({}),
    ) as running:
        assert running.stderr is not None
        said: list[str] = []
        pending = ""
        while chunk := os.read(running.stderr.fileno(), 65536):
            *lines, pending = (pending + chunk.decode("utf-8", "replace")).replace("\r", "\n").split("\n")
            for line in filter(None, lines):
                said = [*said[-20:], line]
                on_line(line)
        code = running.wait()
    return Finished(code=code, out="", error="\n".join(said))


def leave_running(argv: Sequence[str]) -> None:
    """Start something as postgres that outlives this action; its result is seen by other means."""
    nothing = subprocess.DEVNULL
    subprocess.Popen(
        list(argv),
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
        **_as_database_account({}),
    )


@dataclass(frozen=True, slots=True)
class Daemon:
    """A server process that this action has just started and that outlives it."""

    process: "subprocess.Popen[bytes]"

    @property
    def ended(self) -> bool:
        """True once the process has gone, which for a server means that it refused to start."""
        return self.process.poll() is not None


def signal(pid: int, number: int) -> None:
    """Send a signal; a process that is gone has no need of it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def is_there(pid: int) -> bool:
    """Whether the process exists and has not ended yet (a zombie has)."""
    return os.access(f"/proc/{pid}/cwd", os.F_OK)


def works_in(pid: int, directory: str, *, name: str) -> bool:
    """Whether this process has that name and that working directory."""
    try:
        here = os.readlink(f"/proc/{pid}/cwd") == directory
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return here and comm.read() == f"{name}\n"
    except OSError:
        return False


def all_that_work_in(directory: str, *, name: str) -> tuple[int, ...]:
    """Pids of all processes of that name with that working directory."""
    return tuple(
        int(entry)
        for entry in os.listdir("/proc")
        if entry.isdigit() and works_in(int(entry), directory, name=name)
    )


def open_log(path: str) -> int:
    """A descriptor to append with; the file is made where there is none.

    /var/log/postgresql is sticky, and with fs.protected_regular=2, as Debian has it, the kernel lets not even root
    open somebody else's file there in a way that could make it (proc_sys_fs(5)).
    """
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND)
    except FileNotFoundError:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)


def start_daemon(argv: Sequence[str], *, log_file: str) -> Daemon:
    """Start a server as postgres in a session of its own, its output appended to the log file."""
    # Backends may be killed when memory runs out, the server that watches over them keeps what it inherits.
    settings = _as_database_account({"PG_OOM_ADJUST_FILE": "/proc/self/oom_score_adj"})
    try:
        handle = open_log(log_file)
    except OSError as problem:
        raise AgentProblem(f"{log_file} cannot be written: {problem.strerror}") from problem
    try:
        if "user" in settings and os.fstat(handle).st_uid != settings["user"]:
            os.fchown(handle, settings["user"], -1)
        started = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            **settings,
        )
    except FileNotFoundError as missing:
        raise AgentProblem(f"{argv[0]} is not installed", code=NOT_INSTALLED) from missing
    except OSError as problem:
        raise AgentProblem(f"{argv[0]} cannot be started: {problem.strerror}") from problem
    finally:
        os.close(handle)
    return Daemon(started)
