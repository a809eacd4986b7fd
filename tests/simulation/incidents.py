"""Schedules written by hand: what went wrong once on real servers, each as it was done there."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.faults import Fault
from simulation.network import DATABASE, ICMP, KNET
from simulation.schedule import Schedule
from simulation.world import Pair

FIRST, SECOND = "main-1", "main-2"


@dataclass(frozen=True, slots=True)
class Incident:
    """What was done, and the promise that was broken then."""

    name: str
    broke: str
    schedule: Schedule


def _same_number(name: str, *, second_writes: int = 0, first_writes: int = 0) -> Incident:
    """Both heads are promoted without knowing of each other; megabytes say whose data ends later."""
    faults = (
        Fault(5, "power loss", FIRST, lasts=35),
        Fault(14, "bulk load", SECOND, amount=second_writes),
        Fault(16, "power loss", SECOND, lasts=64),
        Fault(57, "rejoin --keep", FIRST),
        Fault(70, "bulk load", FIRST, amount=first_writes),
        Fault(115, "power loss", FIRST, lasts=25),
    )
    wanted = tuple(one for one in faults if one.kind != "bulk load" or one.amount)
    return Incident(name, "a copy is one only by its history", Schedule(Pair(), 1, wanted, 160))


INCIDENTS = (
    _same_number("same timeline number, the standby ends within the same segment", second_writes=2),
    _same_number("same timeline number, the standby ends behind", first_writes=8),
    _same_number("same timeline number, the standby is ahead by segments", second_writes=40),
)
_ = (DATABASE, ICMP, KNET)
