"""One run at a time, for the verbs that work on this server only: the same lock that `configure` takes on both."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from live_cluster.errors import Busy, problem

LOCK = "/run/live-cluster/configure.lock"
# Where `live-cluster events` finds what administrators asked for, beside what the database agent writes.
HISTORY = "/var/lib/live-cluster/postgresql/events.jsonl"


@contextmanager
def run_lock(note: str) -> Iterator[None]:
    """Hold the lock, which the kernel frees however we end; Busy, naming the holder, where another run has it.

    What ran to its end is told in the history, so that its effects are not taken for faults.
    """
    began = time.time()
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
        _tell(began, note)
    finally:
        os.close(descriptor)


def _tell(began: float, note: str) -> None:
    # Without the time that ends the note: the event has its own.
    event = {"time": began, "kind": "asked", "node": os.uname().nodename, "text": note.rpartition(", ")[0]}
    line = json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
    # A full disk must not make a failure of what succeeded.
    with suppress(OSError):
        descriptor = os.open(HISTORY, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
