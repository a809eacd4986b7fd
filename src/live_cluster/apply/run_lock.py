"""One run at a time, for the verbs that work on this server only: the same lock that `configure` takes on both."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from live_cluster.errors import Busy, problem

LOCK = "/run/live-cluster/configure.lock"


@contextmanager
def run_lock(note: str) -> Iterator[None]:
    """Hold the lock, which the kernel frees however we end; Busy, naming the holder, where another run has it."""
    Path(LOCK).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 4096).decode(errors="replace") or "?"
            raise Busy(problem("run-in-progress", node=os.uname().nodename, holder=holder)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
        yield
    finally:
        os.close(descriptor)
