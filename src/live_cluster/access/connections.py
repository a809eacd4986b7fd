"""Configurator connections that are open: noted by the gate, ended by process id."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from live_cluster.access.sshd import AccessFiles, parse_started_at

# sshd ends at once on SIGTERM; the deadline is for a machine that is ten times slower.
ENDING_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True, order=True)
class ProcessIdentity:
    """A process id with the time the process started (clock ticks since boot): never another process."""

    pid: int
    started_at: int


def open_connections(files: AccessFiles) -> tuple[ProcessIdentity, ...]:
    """Connections of sshd that came through the gate and are still there."""
    if not files.connections.is_dir():
        return ()
    noted = (_noted(path) for path in files.connections.iterdir())
    return tuple(sorted(process for process in noted if process and _is_alive(process)))


def end_connections(connections: Iterable[ProcessIdentity]) -> int:
    """End each connection and what runs in it; returns how many connections were ended.

    What a session started as a service of its own (systemd, Pacemaker) is no part of it and goes on.
    """
    connections = tuple(connections)
    own = _ancestors(os.getpid())
    inside = [child for process in connections for child in _descendants(process.pid) if child.pid not in own]
    # The connections first: afterwards nobody can start anything new in them.
    _end((*connections, *inside))
    return len(connections)


def _end(processes: tuple[ProcessIdentity, ...]) -> None:
    with ExitStack() as stack:
        handles = []
        for process in processes:
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(process.pid)
                stack.callback(os.close, handle)
                # The handle now holds on to one process; only then is its identity checked.
                if _is_alive(process):
                    handles.append(handle)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for handle in handles:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, number)
            handles = _still_running(handles)


def _still_running(handles: list[int]) -> list[int]:
    running = list(handles)
    poller = select.poll()
    for handle in running:
        poller.register(handle, select.POLLIN)
    while running:
        events = poller.poll(ENDING_DEADLINE_S * 1000)
        if not events:
            break
        for handle, _ in events:
            poller.unregister(handle)
            running.remove(handle)
    return running


def _noted(path: Path) -> ProcessIdentity | None:
    try:
        return ProcessIdentity(int(path.name), int(path.read_text(encoding="ascii")))
    except (ValueError, FileNotFoundError):
        return None


def _is_alive(process: ProcessIdentity) -> bool:
    return _started_at(process.pid) == process.started_at


def _started_at(pid: int) -> int | None:
    try:
        return parse_started_at(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in path.read_text(encoding="ascii").split()]
    return found


def _descendants(pid: int) -> list[ProcessIdentity]:
    found: list[ProcessIdentity] = []
    for child in _children(pid):
        started_at = _started_at(child)
        if started_at is not None:
            found += [ProcessIdentity(child, started_at), *_descendants(child)]
    return found


def _ancestors(pid: int) -> set[int]:
    found = set()
    while pid > 0:
        found.add(pid)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        pid = int(stat.rpartition(") ")[2].split()[1])
    return found
