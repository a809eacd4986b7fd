"""Watches the process list of hosts: what any user there could have read while the product was at work."""

from __future__ import annotations

import base64
from types import TracebackType
from typing import Self

from live_lab import Background, Host

# Prints every command line and every environment once. Looking takes about 2 ms, so processes that live for 10 ms
# are seen more often than not; the product's own commands live longer and are many.
_PROGRAM = """
import base64, os, time

seen = set()
while True:
    for number in os.listdir("/proc"):
        if not number.isdigit():
            continue
        for kind in ("cmdline", "environ"):
            try:
                with open(f"/proc/{number}/{kind}", "rb") as file:
                    text = file.read()
            except OSError:
                continue
            if text and hash(text) not in seen:
                seen.add(hash(text))
                print(base64.b64encode(text).decode(), flush=True)
    time.sleep(0.01)
"""


class ProcessSampler:
    """A context manager; afterwards `seen` has everything that was visible, by host."""

    def __init__(self, hosts: list[Host]) -> None:
        self._hosts = hosts
        self._works: dict[str, Background] = {}
        self.seen: dict[str, list[bytes]] = {}

    def __enter__(self) -> Self:
        self._works = {host.name: host.start(("python3", "-c", _PROGRAM)) for host in self._hosts}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, work in self._works.items():
            work.kill()
            complete = work.stdout.rpartition("\n")[0]
            self.seen[name] = [base64.b64decode(line) for line in complete.splitlines()]
