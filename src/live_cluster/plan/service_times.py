"""How long Pacemaker waits for a clustered unit: longer than systemd gives it, so that nobody else ends it."""

from __future__ import annotations

from math import ceil

from live_cluster.model.profile import ClusteredUnit
from live_cluster.model.settings import Fencing, WatchdogFencing
from live_cluster.plan.blueprint import Blueprint
from live_cluster.render.cib_parts import Service

# On top of systemd's own time, for the signal that nobody survives and for the next look. Pacemaker looks every
# tenth of the whole: what systemd ends after 2 s is seen 0.5 s after its end at the latest.
_BEYOND_S = 3
# A stop that fails holds everything up, or ends its server: an overloaded head, whose systemd answered after 17 s
# once, is not to be taken for one that hangs.
_BEYOND_ONCE_S = 8
_BEYOND_FENCED_S = 30
# Slow starts under load, whatever the unit says.
_LEAST_START_S = 60


def clustered(plan: Blueprint, unit: ClusteredUnit, resource: str) -> Service:
    """The unit as a resource, with times that hold on both heads."""
    stop, start = stop_s(plan, unit), start_s(plan, unit)
    return Service(
        resource=resource,
        unit=unit.unit,
        stop_timeout_s=ceil(stop) + _beyond(plan, unit),
        start_timeout_s=max(_LEAST_START_S, ceil(start) + _BEYOND_S),
        must_run_once=unit.must_run_once,
    )


def stop_s(plan: Blueprint, unit: ClusteredUnit) -> float:
    """What systemd takes at the worst for a stop: each command of the unit, and the signal, have its whole time."""
    found = [head.times_of(unit.unit) for head in plan.facts.heads]
    return max((unit.stop_timeout or one.stop_s) * one.stop_phases for one in found)


def start_s(plan: Blueprint, unit: ClusteredUnit) -> float:
    """The same for a start."""
    found = [head.times_of(unit.unit) for head in plan.facts.heads]
    return max((unit.start_timeout or one.start_s) * one.start_phases for one in found)


def _beyond(plan: Blueprint, unit: ClusteredUnit) -> int:
    if not unit.must_run_once:
        return _BEYOND_S
    is_fenced = isinstance(plan.settings.fencing, Fencing | WatchdogFencing)
    return _BEYOND_FENCED_S if is_fenced else _BEYOND_ONCE_S
