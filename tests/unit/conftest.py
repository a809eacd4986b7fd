"""Unit tests are about values: none of them can start a process or reach a network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

# Of the "Audit events table" in Python's documentation. Event loops need a socket pair, and asyncssh lets the
# C library read numeric addresses: neither reaches anybody.
FORBIDDEN = {
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn",
    "socket.bind", "socket.connect", "socket.sendto", "subprocess.Popen",
}  # fmt: skip

_during_a_test = False


def _refuse(event: str, details: tuple[Any, ...]) -> None:
    if _during_a_test and event in FORBIDDEN:
        raise AssertionError(f"a unit test must not do this: {event} {details[:2]}")


# An audit hook cannot be taken away again; outside of unit tests it lets everything pass.
sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def values_only() -> Iterator[None]:
    global _during_a_test  # noqa: PLW0603
    _during_a_test = True
    yield
    _during_a_test = False
