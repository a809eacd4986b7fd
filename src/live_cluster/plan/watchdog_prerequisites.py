"""What must hold for fencing by watchdog before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.settings import ClusterSettings, WatchdogFencing
from live_cluster.model.watchdog_facts import SbdDisk, WatchdogFacts
from live_cluster.render.cib_fencing import DISK_AGENT
from live_cluster.render.sbd import diskless_times, setting

WATCHDOG, DISK = "fencing-watchdog", "fencing-disk"
# stonith-timeout in the CIB is 60 s, and the agent's own start and end need some of it.
_LONGEST_MSGWAIT_S = 45


def watchdog_prerequisites(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Problem]:
    """Each head's watchdog, and the disk as both see it."""
    fencing = settings.fencing
    if not isinstance(fencing, WatchdogFencing):
        return
    for head in facts.heads:
        if head.watchdog is not None:
            yield from _watchdog(head, head.watchdog, fencing, settings)
    if fencing.disk:
        yield from _disk(fencing.disk, facts)


def _least_s(settings: ClusterSettings) -> int:
    """sbd resets its server as soon as the arbiter may take longer to answer than this."""
    return 0 if settings.arbiter is None else diskless_times(settings.token_ms).watchdog_s


def _watchdog(
    head: HeadFacts, seen: WatchdogFacts, fencing: WatchdogFencing, settings: ClusterSettings
) -> Iterator[Problem]:
    place = {"node": head.node.server.name, "option": WATCHDOG, "device": fencing.device}
    if not seen.installed:
        yield problem("sbd-missing", **place)
    if fencing.disk and head.agent_metadata(DISK_AGENT) is None:
        yield problem("fencing-agent-missing", agent=DISK_AGENT, node=place["node"], option=DISK)
    if not seen.exists:
        yield problem("watchdog-missing", **place)
        return
    if not seen.sbd.active and seen.systemd:
        yield problem("watchdog-of-systemd", value=seen.systemd, **place)
    elif not seen.sbd.active and seen.busy:
        yield problem("watchdog-busy", **place)
    running_s, wanted_s = setting(seen.sbd.settings, "SBD_WATCHDOG_TIMEOUT"), _least_s(settings)
    if seen.sbd.active and running_s.isdigit() and int(running_s) < wanted_s:
        yield problem("watchdog-token-grows", running=int(running_s), wanted=wanted_s, **place)
    if seen.stays_armed:
        yield warning("watchdog-stays-armed", **place)
    if seen.software:
        yield warning("watchdog-soft", **place)


def _disk(path: str, facts: ClusterFacts) -> Iterator[Problem]:
    disks = []
    for head in facts.heads:
        disk = head.watchdog.disk if head.watchdog else None
        if disk is None:
            continue
        disks.append(disk)
        place = {"node": head.node.server.name, "option": DISK, "disk": path}
        if not disk.exists:
            yield problem("fencing-disk-missing", **place)
        elif disk.uuid:
            yield from _times(disk, place)
        elif head.watchdog and head.watchdog.installed and not disk.blank:
            yield problem("fencing-disk-in-use", found=disk.holds or "?", **place)
    if len(disks) == 2 and all(one.exists for one in disks) and disks[0].uuid != disks[1].uuid:
        yield problem(
            "fencing-disks-differ",
            option=DISK,
            disk=path,
            first=disks[0].uuid or "-",
            second=disks[1].uuid or "-",
        )


def _times(disk: SbdDisk, place: dict[str, str]) -> Iterator[Problem]:
    if 2 * disk.watchdog_s <= disk.msgwait_s <= _LONGEST_MSGWAIT_S and disk.watchdog_s:
        return
    yield problem(
        "fencing-disk-times",
        watchdog=disk.watchdog_s,
        msgwait=disk.msgwait_s,
        most=_LONGEST_MSGWAIT_S,
        **place,
    )
