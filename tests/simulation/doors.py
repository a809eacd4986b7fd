"""Puts the models behind the agent's doors: its modules files, process, waiting and log.

Every call belongs to the process that is running (`Loop.task`), and so to a head. Before each one a fault may kill
that process or cut its head's power: that is how both happen between any two steps of the agent.
"""

from __future__ import annotations

import functools
import signal as signals
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, TypeVar

from greenlet import GreenletExit

import live_cluster_agent.cluster as agent_cluster
from live_cluster_agent import actions, contact, files, log, memory, outcome, parameters, process, waiting
from simulation.data import Data
from simulation.disk import Directory
from simulation.engine import Loop, SimulationError, Task, TimeIsUp
from simulation.head import PGDATA, Head
from simulation.network import DIRECT, INTERFACES
from simulation.postgres import POSTMASTER, Command, Server
from simulation.programs import Programs

T = TypeVar("T")
FREE_BYTES = 100 << 30


class Doors:
    """The replaced functions of one world; only one world runs at a time."""

    def __init__(self, loop: Loop, programs: Programs) -> None:
        self.loop = loop
        self.programs = programs

    # --- who calls ---------------------------------------------------------------------------------------------

    def enter(self) -> tuple[Task, Head]:
        """The process at work and its head."""
        task = self.loop.task
        if task is None:
            raise SimulationError("a door was called outside of any process")
        head = task.host
        if task.dead:
            raise GreenletExit
        if task.calls_left is not None:
            task.calls_left -= 1
            if task.calls_left < 0:
                task.dead = True
                raise GreenletExit
        assert isinstance(head, Head)
        if head.calls_until_power_loss is not None:
            head.calls_until_power_loss -= 1
            if head.calls_until_power_loss < 0:
                head.calls_until_power_loss = None
                head.power_off()
                raise GreenletExit
        if head.calls_until_freeze is not None:
            head.calls_until_freeze -= 1
            if head.calls_until_freeze < 0:
                head.calls_until_freeze = None
                head.freeze(head.freezes_for_s)
                task.pause(0.0)
        return task, head

    # --- files -------------------------------------------------------------------------------------------------

    def read_text(self, path: str) -> str | None:
        _, head = self.enter()
        if path.startswith("/sys/"):
            return f"{int(has_carrier(head, path))}\n" if path.endswith("/carrier") else None
        if path.endswith("live-cluster.log"):
            return "\n".join(head.server_log[-20:])
        if path.startswith("/etc/") or path.endswith(".pgpass"):
            return "present\n"
        return _on_disk(path, head.disk.text)

    def read_end(self, path: str, length: int) -> str:
        return (self.read_text(path) or "")[-length:]

    def exists(self, path: str) -> bool:
        _, head = self.enter()
        return head.disk.exists(path)

    def is_directory(self, path: str) -> bool:
        _, head = self.enter()
        return head.disk.exists(path) and isinstance(head.disk.seen[path], Directory)

    def is_executable(self, path: str) -> bool:
        self.enter()
        return True

    def names_in(self, path: str) -> list[str]:
        _, head = self.enter()
        names = _on_disk(path, head.disk.names)
        found = head.disk.seen.get(path.removesuffix("/pg_wal"))
        if path.endswith("/pg_wal") and isinstance(found, Data):
            names = sorted({*names, *found.segments()})
        return names

    def free_bytes(self, path: str) -> int:
        _, head = self.enter()
        return 0 if head.disk.full else FREE_BYTES

    def sync_directory(self, path: str) -> None:
        _, head = self.enter()
        _on_disk(path, head.disk.sync_directory)

    def write_durably(self, path: str, text: str, *, mode: int = 0o640, owned_like: str = "") -> None:
        task, head = self.enter()
        if head.disk.slow_s:
            task.pause(head.disk.slow_s * self.loop.between(0.5, 2.0))
        _on_disk(path, lambda path: head.disk.write(path, text, durably=True))

    def replace_quickly(self, path: str, text: str) -> None:
        _, head = self.enter()
        if head.disk.run_full and head.disk.exists(path):
            # Written in place: a file that is there keeps its page.
            head.disk.seen[path] = text
            return
        _on_disk(path, lambda path: head.disk.write(path, text))

    def append_quickly(self, path: str, text: str, *, limit_bytes: int) -> None:
        _, head = self.enter()
        before = _on_disk(path, head.disk.text) or ""
        _on_disk(path, lambda path: head.disk.write(path, (before + text)[-20_000:]))

    def remove_durably(self, path: str) -> None:
        _, head = self.enter()
        if head.disk.exists(path):
            _on_disk(path, head.disk.remove)
            self.sync_directory(path.rpartition("/")[0])

    def make_directory(self, path: str, *, mode: int, owned_like: str = "") -> None:
        _, head = self.enter()
        _on_disk(path, head.disk.make_directory)

    def remove_tree(self, path: str) -> None:
        _, head = self.enter()
        if head.disk.dead:
            return
        found = head.disk.seen.get(path)
        head.disk.remove_tree(path)
        if isinstance(found, Data) and not path.endswith("-incoming"):
            there = head.peer.data.index if head.peer.data is not None else {}
            head.world.checks.discarded(head, [one for one in found.chain if one.commit not in there])

    def move_directory(self, source: str, target: str) -> None:
        _, head = self.enter()
        _on_disk(source, lambda path: head.disk.rename(path, target))
        self.sync_directory(target.rpartition("/")[0])

    def compress(self, source: str, target: str) -> None:
        _, head = self.enter()
        directory, _, name = source.rpartition("/")
        found = head.disk.seen.get(directory.removesuffix("/pg_wal"))
        contents: object = found.records_of(name) if isinstance(found, Data) else head.disk.read(source)
        _on_disk(target, lambda path: head.disk.write(path, contents))

    @contextmanager
    def locked(self, path: str) -> Iterator[bool]:
        task, head = self.enter()
        if any(path in other.locks for other in head.tasks if other.alive and other is not task):
            yield False
            return
        task.locks.add(path)
        try:
            yield True
        finally:
            task.locks.discard(path)

    def is_locked(self, path: str) -> bool:
        _, head = self.enter()
        return any(path in task.locks for task in head.tasks if task.alive)

    # --- processes ---------------------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        as_database: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> process.Finished:
        task, head = self.enter()
        depth = len(task.limits)
        task.limits.append(self.loop.now + timeout_s)
        try:
            return self.programs.run(task, head, tuple(argv))
        except TimeIsUp:
            if any(limit <= self.loop.now for limit in task.limits[:depth]):
                raise
            return process.Finished(code=-1, out="", error="", timed_out=True)
        finally:
            del task.limits[depth:]

    @contextmanager
    def beside(self, commands: Sequence[Sequence[str]], *, timeout_s: float) -> Iterator[None]:
        task, head = self.enter()
        started = [self._start(head, argv, timeout_s) for argv in commands]
        yield
        task.wait_for(lambda: not any(one.alive for one in started), 0.01)

    def _start(self, head: Head, argv: Sequence[str], timeout_s: float) -> Task:
        def code() -> int:
            return self.run(argv, timeout_s=timeout_s).code

        return head.run(argv[0], code)

    def side_by_side(self, commands: Sequence[Sequence[str]], *, timeout_s: float) -> list[int]:
        task, head = self.enter()
        answers = [self.programs.probe(head, tuple(argv)) for argv in commands]
        task.pause(min(timeout_s, max((seconds for _, seconds in answers), default=0.0)))
        return [code for code, _ in answers]

    def follow(self, argv: Sequence[str], on_line: Callable[[str], None]) -> process.Finished:
        task, head = self.enter()
        return self.programs.follow(task, head, tuple(argv), on_line)

    def leave_running(self, argv: Sequence[str]) -> None:
        _, head = self.enter()
        self._start(head, argv, 3600.0)

    def start_daemon(self, argv: Sequence[str], *, log_file: str) -> Server:
        _, head = self.enter()
        if head.disk.dead:
            raise _problem(OSError(5, "Input/output error"), log_file)
        settings = dict(word.split("=", 1) for flag, word in pairwise(argv) if flag == "-c")
        return head.start_server(Command(path=argv[argv.index("-D") + 1], settings=settings))

    def signal(self, pid: int, number: int) -> None:
        _, head = self.enter()
        head.leftovers.discard(pid)
        server = head.server
        if server is None or server.pid != pid:
            return
        if number == signals.SIGHUP:
            server.reload()
        elif number == signals.SIGKILL:
            server.end(clean=False)
        elif POSTMASTER in server.stopped:
            return
        elif number == signals.SIGINT:
            server.shut_down()
        elif number == signals.SIGQUIT:
            self.loop.after(0.02, lambda: server.end(clean=False), head)
        else:
            raise SimulationError(f"signal {number}")

    def is_there(self, pid: int) -> bool:
        _, head = self.enter()
        return pid in head.leftovers or (head.server is not None and head.server.pid == pid)

    def works_in(self, pid: int, directory: str, *, name: str) -> bool:
        return self.is_there(pid)

    def all_that_work_in(self, directory: str, *, name: str) -> tuple[int, ...]:
        _, head = self.enter()
        own = {head.server.pid} if head.server is not None else set()
        return tuple(sorted(own | head.leftovers)) if directory == PGDATA else ()

    # --- clock and log -----------------------------------------------------------------------------------------

    def now_s(self) -> float:
        _, head = self.enter()
        return self.loop.now - head.booted_at

    def wall_clock_s(self) -> float:
        _, head = self.enter()
        return head.world.wall_clock(head)

    def pause(self, seconds: float) -> None:
        task, _ = self.enter()
        task.pause(seconds)

    def say(self, text: str) -> None:
        task, head = self.enter()
        head.world.tell(head.name, f"agent, {task.name}: {text}")

    def exit_reason(self, text: str) -> None:
        task, _ = self.enter()
        task.memory["reason"] = text


def has_carrier(head: Head, path: str) -> bool:
    """Whether an interface has a link; the direct cable ends at the other head and has none without its power."""
    network = next(name for name, interface in INTERFACES.items() if f"/{interface}/" in path)
    ends = {(head.name, network)} | ({(head.peer.name, network)} if network == DIRECT else set())
    return not ends & head.world.network.unplugged and (network != DIRECT or head.peer.powered)


def _on_disk(path: str, do: Callable[[str], T]) -> T:
    try:
        return do(path)
    except OSError as problem:
        raise _problem(problem, path) from problem


def _problem(problem: OSError, path: str) -> Exception:
    told = getattr(outcome, "DiskProblem", None)
    return problem if told is None else told(f"{path}: {problem.strerror}")


class Synchronous:
    """In place of threads: what is submitted is done at once, in the order of submission."""

    def __enter__(self) -> Synchronous:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def submit(self, call: Callable[..., object], *values: object, **options: object) -> Result:
        """Do it now; what it raises is raised when its result is asked for."""
        try:
            return Result(call(*values, **options), None)
        except outcome.AgentProblem as problem:
            return Result(None, problem)


class Result:
    """What was submitted, done."""

    def __init__(self, value: Any, problem: Exception | None) -> None:
        self._value, self._problem = value, problem

    def result(self) -> Any:
        """The value, or what was raised."""
        if self._problem is not None:
            raise self._problem
        return self._value


_FILES = (
    "read_text read_end exists is_directory is_executable names_in free_bytes sync_directory write_durably "
    "replace_quickly append_quickly remove_durably make_directory remove_tree move_directory compress locked "
    "is_locked"
)
_PROCESS = (
    "run beside side_by_side follow leave_running start_daemon signal is_there works_in all_that_work_in"
)
_WAITING = "now_s wall_clock_s pause"


@contextmanager
def open_for(doors: Doors) -> Iterator[None]:
    """Put these doors in place of the real ones while the block runs."""
    before: list[tuple[Any, str, object]] = []

    def replace(module: Any, name: str, value: object) -> None:
        before.append((module, name, getattr(module, name)))
        setattr(module, name, value)

    for module, names in ((files, _FILES), (process, _PROCESS), (waiting, _WAITING)):
        for name in names.split():
            replace(module, name, getattr(doors, name))
    for name in ("info", "warning", "error"):
        replace(log, name, doors.say)
    replace(log, "exit_reason", doors.exit_reason)
    replace(actions, "ThreadPoolExecutor", Synchronous)
    # The same text is parsed thousands of times: its records are immutable.
    replace(agent_cluster, "parse_nodes", _PARSED)
    for module in (memory, contact):
        replace(module, "asdict", _flat)
    # No path of this machine is looked at.
    replace(parameters, "os", SimpleNamespace(path=SimpleNamespace(realpath=lambda path: path)))
    try:
        yield
    finally:
        for module, name, value in reversed(before):
            setattr(module, name, value)


def _flat(facts: Any) -> dict[str, Any]:
    """What asdict makes of a dataclass without others in it, without copying what cannot change."""
    return {field.name: getattr(facts, field.name) for field in fields(facts)}


_PARSED = functools.lru_cache(maxsize=4096)(agent_cluster.parse_nodes)
