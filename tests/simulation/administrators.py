"""What administrators do, with our commands or by hand: functions that do it, and those that take it back."""

from __future__ import annotations

from collections.abc import Callable

from simulation.cib import DATA, WANTED, Cib
from simulation.fault import Deed, Fault
from simulation.head import STATE_DIR, Head
from simulation.network import HEADS
from simulation.pacemaker import Change
from simulation.world import World

# What administrators do behind the cluster's back, the agent may take this long to notice.
NOTICED_AFTER_S = 20.0


def _change(change: Callable[[Head, Fault], Change]) -> Deed:
    def deed(world: World, head: Head, fault: Fault) -> None:
        if head.pacemaker.running:
            head.run("administrator", lambda: _repeat(head, change(head, fault)))

    return deed


def _repeat(head: Head, *changes: Change) -> None:
    """An administrator tries again until somebody takes the change."""
    task, pacemaker = head.world.loop.task, head.pacemaker
    assert task is not None
    for change in changes:
        task.wait_for(lambda: pacemaker.controlling() is not None, 0.5)
        pacemaker.change(task, change)


def _option(name: str, value: str) -> Deed:
    return _change(lambda head, fault: lambda cib: cib.with_options({name: value}))


def _attribute(head: Head, fault: Fault) -> Change:
    """By hand: DATA of one node, `text` as the value; empty removes it."""
    head.world.checks.records_by_hand = True
    return lambda cib: cib.with_permanent({(head.name, DATA): fault.text or None})


def _neutral(head: Head, fault: Fault) -> Change:
    def change(cib: Cib) -> Cib:
        for number in range(int(fault.amount) or 1):
            cib = cib.with_options({"note": f"{head.world.loop.now:.3f}-{number}"})
        return cib

    return change


def _erase(head: Head, fault: Fault) -> Change:
    def change(cib: Cib) -> Cib:
        kept = {key: value for key, value in cib.permanent.items() if not key[1].startswith("ivcs-db")}
        return cib.configured(permanent=kept)

    return change


def _standby(value: str | None) -> Deed:
    return _change(lambda head, fault: lambda cib: cib.with_permanent({(head.name, "standby"): value}))


def _switchover(world: World, head: Head, fault: Fault) -> None:
    until = int(world.wall_clock(head) + 60)
    if head.pacemaker.running:
        head.pacemaker.set_attribute(head.name, WANTED, str(until))


def _record(name: str, value: str) -> Change:
    return lambda cib: cib.with_permanent({(name, DATA): value})


def _keep(world: World, head: Head, fault: Fault) -> None:
    """`rejoin HEAD --keep`, by somebody who knows that the other head is off; not over unusable data."""
    pacemaker = head.pacemaker
    unusable = head.disk.exists(f"{STATE_DIR}/reclone") or head.disk.exists(f"{STATE_DIR}/incoming-complete")
    if not pacemaker.running or head.peer.powered or head.peer.name in pacemaker.members or unusable:
        return
    head.corosync.seen_both = True
    head.world.corosync._count(head)
    world.checks.give_up(head)
    peer = head.peer.name

    def deed() -> None:
        changes = {peer: "stale", head.name: "latest"}
        _repeat(head, *(_record(name, value) for name, value in changes.items()))
        if head.disk.exists(f"{STATE_DIR}/repair"):
            head.disk.remove(f"{STATE_DIR}/repair")
            head.disk.sync_directory(STATE_DIR)

    head.run("administrator", deed)
    pacemaker.membership_changed()


def _order(name: str, text: str) -> Deed:
    def deed(world: World, head: Head, fault: Fault) -> None:
        cib = head.pacemaker.cib
        is_standby = head.server is not None and head.server.in_recovery
        if (
            head.works
            and is_standby
            and cib.data_of(head.name) not in ("latest", "sync")
            and not head.disk.dead
        ):
            head.disk.write(f"{STATE_DIR}/{name}", text, durably=True)

    return deed


def _cancel_wait(world: World, head: Head, fault: Fault) -> None:
    if head.corosync.running:
        head.corosync.seen_both = True
        world.corosync._count(head)
        head.pacemaker.membership_changed()


def _clean_up(world: World, head: Head, fault: Fault) -> None:
    controlling = head.pacemaker.controlling()
    if controlling is not None:
        controlling.controller.clean_up()


def _alter_system(world: World, head: Head, fault: Fault) -> None:
    """ALTER SYSTEM, or ALTER ROLE where the name says so; read at the next reload."""
    server = head.server
    if server is None or server.in_recovery:
        return
    world.checks.unsafe_until = world.loop.now + NOTICED_AFTER_S
    name, _, value = fault.text.partition("=")
    if name.startswith("role."):
        server.data.role_settings[name.removeprefix("role.")] = value
    else:
        server.data.auto_conf[name] = value
    server.reload()


def _reset_settings(world: World, head: Head, fault: Fault) -> None:
    for one in world.heads:
        if one.data is not None:
            one.data.auto_conf.clear()
            one.data.role_settings.clear()
        if one.server is not None:
            one.server.reload()


def _promote_by_hand(world: World, head: Head, fault: Fault) -> None:
    if head.server is not None and head.server.takes_connections:
        world.checks.unsafe_until = world.loop.now + NOTICED_AFTER_S
        head.server.promote(lambda: None)


DEEDS: dict[str, tuple[Deed, Deed | None]] = {
    "maintenance": (_option("maintenance-mode", "true"), _option("maintenance-mode", "false")),
    "stop-resources": (_option("stop-all-resources", "true"), _option("stop-all-resources", "false")),
    "node standby": (_standby("on"), _standby(None)),
    "switchover to this head": (_switchover, None),
    "rejoin --keep": (_keep, None),
    "rejoin --reclone": (_order("reclone", "an administrator wants a fresh copy\n"), None),
    "rejoin --rewind": (_order("repair", "rewind\n"), None),
    "wait_for_all cancelled": (_cancel_wait, None),
    "cleanup": (_clean_up, None),
    "data attribute by hand": (_change(_attribute), None),
    "CIB changed by hand": (_change(_neutral), None),
    "data attributes erased": (_change(_erase), None),
    "setting changed": (_alter_system, _reset_settings),
    "pg_promote by hand": (_promote_by_hand, None),
}


def undo_settings(world: World) -> None:
    """Administrators end maintenance and the like, and look again: a head that stood still hears it late."""
    for head in world.heads:
        pacemaker = head.pacemaker
        if head.works and pacemaker.controlling() is pacemaker:
            pacemaker.apply(_undone)
    world.loop.after(5.0, lambda: undo_settings(world))


def _undone(cib: Cib) -> Cib:
    cib = cib.with_permanent({(name, "standby"): None for name in HEADS})
    switched = ("maintenance-mode", "stop-all-resources")
    return cib.with_options({name: "false" for name in switched if cib.option(name) == "true"})
