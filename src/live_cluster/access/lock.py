"""Close a server for the configurator: nothing of the access is left, no connection stays."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from live_cluster.access.connections import end_connections, open_connections
from live_cluster.access.sshd import AccessFiles
from live_cluster.access.system import AccessSystem, who_asks
from live_cluster.access.window import read_window
from live_cluster.messages import message

MARKER_PREFIX = "window-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Whether there was anything to close, and how many connections were ended with it."""

    was_open: bool
    ended: int = 0
    sshd_runs: bool = True


@contextmanager
def one_at_a_time(system: AccessSystem) -> Iterator[None]:
    """Unlock, lock and expiry wait for each other; each of them takes seconds at most."""
    system.lock_file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with system.lock_file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def lock(system: AccessSystem) -> Closed:
    """Close now; safe to run twice and where the server never was open."""
    with one_at_a_time(system):
        closed = close_access(system)
        if closed.was_open:
            system.journal(message("journal-locked", by=who_asks(), ended=closed.ended))
    return closed


def lock_expired(system: AccessSystem, window_id: str) -> Closed:
    """Close because the time is over; nothing where that very window is not open any more."""
    with one_at_a_time(system):
        if not system.files.marker(window_id).exists():
            return Closed(was_open=False)
        closed = close_access(system)
        system.journal(message("journal-expired", ended=closed.ended))
    return closed


def close_access(system: AccessSystem) -> Closed:
    """The work of both; the caller holds the lock. In an order in which being killed leaves nothing open."""
    files = system.files
    window = read_window(files)
    markers = marked_windows(files)
    if not files.directory.exists() and not files.drop_in.exists():
        return Closed(was_open=False)
    # Without these files no login passes, even before sshd is told; the directory stays until all is done,
    # so that a second run knows what is left to do.
    for path in (files.drop_in, files.sshd_config, files.gate, files.user_ca):
        path.unlink(missing_ok=True)
    try:
        sshd_runs = system.sshd.reload()
    finally:
        # Also where sshd refuses to reload (somebody's error in its configuration): without the files above
        # it lets no configurator in, whatever it has in memory.
        ended = end_connections(open_connections(files))
        shutil.rmtree(files.directory, ignore_errors=True)
        for window_id in markers:
            system.timer.disarm(window_id)
    return Closed(was_open=window is not None, ended=ended, sshd_runs=sshd_runs)


def marked_windows(files: AccessFiles) -> tuple[str, ...]:
    """Windows whose timers may still run: one, or two while a window is being extended."""
    if not files.directory.is_dir():
        return ()
    names = sorted(path.name for path in files.directory.iterdir())
    return tuple(name.removeprefix(MARKER_PREFIX) for name in names if name.startswith(MARKER_PREFIX))
