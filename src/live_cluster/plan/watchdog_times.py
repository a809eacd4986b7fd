"""How long fencing by watchdog takes in this cluster."""

from __future__ import annotations

from live_cluster.model.settings import TurnedOff, WatchdogFencing
from live_cluster.plan.blueprint import Blueprint
from live_cluster.render.sbd import SbdTimes, disk_times, diskless_times


def watchdog_of(plan: Blueprint) -> WatchdogFencing | None:
    """The wish, where it is fencing by watchdog."""
    return plan.settings.fencing if isinstance(plan.settings.fencing, WatchdogFencing) else None


def times_of(plan: Blueprint) -> SbdTimes:
    """What stands on a disk of sbd's holds; otherwise they follow from Corosync's."""
    fencing = watchdog_of(plan)
    token_ms = plan.settings.token_ms
    if fencing is None or not fencing.disk:
        return diskless_times(token_ms)
    facts = plan.facts.heads[0].watchdog
    disk = facts.disk if facts else None
    if disk is None or not disk.uuid:
        return disk_times(token_ms)
    return disk_times(token_ms, watchdog_s=disk.watchdog_s, msgwait_s=disk.msgwait_s)


def confirmed_s(plan: Blueprint) -> int | None:
    """stonith-watchdog-timeout: 0 where the clock confirms nothing, None where it has never been set by us."""
    fencing = watchdog_of(plan)
    if fencing is None:
        return 0 if isinstance(plan.settings.fencing, TurnedOff) else None
    return 0 if fencing.disk else times_of(plan).confirmed_s
