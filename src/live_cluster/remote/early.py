"""Local processes without the module subprocess, which takes 7 ms to load: a third of the time crm_mon takes.

For `status`, whose tools are to be at work before anything else is loaded; everything else uses `local`.
"""

from __future__ import annotations

import os
import select

# Tools are parsed, so their language is fixed; sbin is where cluster tools live, also under sudo and cron.
_DIRECTORIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_ENVIRONMENT = {"PATH": ":".join(_DIRECTORIES), "LC_ALL": "C.UTF-8", "HOME": "/root"}
_SIGKILL, _SIGPIPE = 9, 13
_TIMED_OUT = 124


class Answer:
    """What a process left: exit code (negative: the signal that ended it; 124: it had to be ended), outputs."""

    __slots__ = ("returncode", "stderr", "stdout")

    def __init__(self, returncode: int, stdout: bytes, stderr: bytes) -> None:
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")


class Early:
    """A process at work, with nothing on its standard input."""

    __slots__ = ("_err", "_out", "_pid")

    def __init__(self, path: str, argv: tuple[str, ...]) -> None:
        self._out, out = os.pipe()
        self._err, err = os.pipe()
        redirections = (
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out, 1),
            (os.POSIX_SPAWN_DUP2, err, 2),
        )
        # Python ignores SIGPIPE; its children should not.
        self._pid = os.posix_spawn(path, argv, _ENVIRONMENT, file_actions=redirections, setsigdef=(_SIGPIPE,))
        os.close(out)
        os.close(err)

    def finish(self, *, timeout_s: float = 60) -> Answer:
        """Wait for its end; called once."""
        received = {self._out: b"", self._err: b""}
        waiting = select.poll()
        for descriptor in received:
            waiting.register(descriptor, select.POLLIN)
        open_ends = set(received)
        ended_in_time = True
        while open_ends and ended_in_time:
            ready = waiting.poll(timeout_s * 1000)
            for descriptor, _ in ready:
                chunk = os.read(descriptor, 1 << 16)
                received[descriptor] += chunk
                if not chunk:
                    waiting.unregister(descriptor)
                    open_ends.discard(descriptor)
            ended_in_time = bool(ready)
        return self._end(received, ended_in_time=ended_in_time)

    def _end(self, received: dict[int, bytes], *, ended_in_time: bool) -> Answer:
        if not ended_in_time:
            os.kill(self._pid, _SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        for descriptor in received:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(status) if ended_in_time else _TIMED_OUT
        return Answer(code, received[self._out], received[self._err])


def start_early(argv: tuple[str, ...]) -> Early:
    """Start without waiting; FileNotFoundError where there is no such command."""
    path = argv[0] if "/" in argv[0] else _path_of(argv[0])
    return Early(path, argv)


def _path_of(command: str) -> str:
    for directory in _DIRECTORIES:
        path = f"{directory}/{command}"
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(command)
