"""Which media server a conference runs on: the one with the fewest, of those that answer."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

# With a check a second, a service that is gone is found out after two to three seconds; a server without power,
# which is silent until each check is given up, after three to four.
FAILURES_UNTIL_UNREACHABLE = 3


class Reach(StrEnum):
    """What the health checks say of a media server."""

    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaServer:
    """A media server as it stands in the database."""

    id: int
    address: str
    name: str
    enabled: bool
    generation: UUID


@dataclass(slots=True)
class Checks:
    """What came of the health checks of one server since this service started."""

    reach: Reach = Reach.UNKNOWN
    failures: int = 0
    error: str = ""

    def answered(self) -> None:
        """One answer makes it reachable again."""
        self.reach, self.failures, self.error = Reach.REACHABLE, 0, ""

    def failed(self, error: str) -> None:
        """Failures are counted, not seconds: after this host stood still, everything would look silent."""
        self.failures += 1
        self.error = error
        if self.failures >= FAILURES_UNTIL_UNREACHABLE:
            self.reach = Reach.UNREACHABLE


def targets(servers: Mapping[int, MediaServer], checks: Mapping[int, Checks]) -> tuple[int, ...]:
    """Servers that may get conferences: enabled, and they answer."""
    return tuple(
        number
        for number, server in servers.items()
        if server.enabled and number in checks and checks[number].reach is Reach.REACHABLE
    )


def to_be_emptied(servers: Mapping[int, MediaServer], checks: Mapping[int, Checks]) -> tuple[int, ...]:
    """Servers whose conferences have to move, if there is anywhere to move them to."""
    if not targets(servers, checks):
        return ()
    return tuple(
        number
        for number, server in servers.items()
        if not server.enabled or (number in checks and checks[number].reach is Reach.UNREACHABLE)
    )


def spread(loads: Mapping[int, int], count: int) -> tuple[int, ...]:
    """A server for each of `count` conferences, always the least loaded one; empty without servers."""
    heap = [(load, number) for number, load in loads.items()]
    if not heap:
        return ()
    heapq.heapify(heap)
    chosen = []
    for _ in range(count):
        load, number = heap[0]
        chosen.append(number)
        heapq.heapreplace(heap, (load + 1, number))
    return tuple(chosen)
