"""What can go wrong, and what administrators do: each a function that begins it and one that ends it.

A fault is plain data, so that a schedule can be printed, drawn from a seed and made smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulation import network as net
from simulation.cib import DATA, WANTED, Cib
from simulation.data import Data, segment_start
from simulation.disk import Directory
from simulation.head import STATE_DIR, Head
from simulation.network import ARBITER, GATEWAY, HEADS, NETWORKS, PROTOCOLS, hops, unplugged
from simulation.pacemaker import Change
from simulation.world import World

# What administrators do behind the cluster's back, the agent may take this long to notice.
NOTICED_AFTER_S = 20.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault or deed: when it begins, how long it lasts (0: it has no end of its own), and where."""

    at: float
    kind: str
    head: str
    lasts: float = 0.0
    networks: tuple[str, ...] = NETWORKS
    protocols: tuple[str, ...] = PROTOCOLS
    amount: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.deed}"

    @property
    def deed(self) -> str:
        """What it is, without its moment."""
        words = [f"{self.head}: {self.kind}"]
        if self.networks != NETWORKS:
            words.append(f"in the {' and '.join(self.networks)} network")
        if self.protocols != PROTOCOLS:
            words.append(f"of {', '.join(self.protocols)}")
        if self.text:
            words.append(self.text)
        if self.amount:
            words.append(f"({self.amount:g})")
        if self.lasts:
            words.append(f"for {self.lasts:.1f} s")
        return " ".join(words)


Deed = Callable[[World, Head, Fault], None]


def begin(world: World, fault: Fault) -> None:
    """Let it happen now; its end follows by itself."""
    head = world.head(fault.head)
    start, end = KINDS[fault.kind]
    world.tell("FAULT", fault.deed)
    start(world, head, fault)
    if end is not None and fault.lasts:
        world.loop.after(fault.lasts, lambda: _finish(world, head, fault, end))


def _finish(world: World, head: Head, fault: Fault, end: Deed) -> None:
    world.tell("FAULT", f"{fault.head}: the end of: {fault.kind}")
    end(world, head, fault)


# --- networks --------------------------------------------------------------------------------------------------


def _cut(world: World, head: Head, fault: Fault) -> set[net.Hop]:
    return hops(head.name, head.peer.name, networks=fault.networks, protocols=fault.protocols)


def _one_way(world: World, head: Head, fault: Fault) -> set[net.Hop]:
    return hops(head.name, head.peer.name, networks=fault.networks, protocols=fault.protocols, one_way=True)


def _isolated(world: World, head: Head, fault: Fault) -> set[net.Hop]:
    return unplugged(head.name, fault.networks)


def _gateway(world: World, head: Head, fault: Fault) -> set[net.Hop]:
    return hops(head.name, GATEWAY)


def _arbiter(world: World, head: Head, fault: Fault) -> set[net.Hop]:
    return hops(head.name, ARBITER)


def _cables_out(world: World, head: Head, fault: Fault) -> None:
    """The interfaces themselves see it."""
    world.network.unplugged |= {(head.name, network) for network in fault.networks}
    world.network.block(unplugged(head.name, fault.networks))


def _cables_in(world: World, head: Head, fault: Fault) -> None:
    world.network.unplugged -= {(head.name, network) for network in fault.networks}
    world.network.open(unplugged(head.name, fault.networks))


def _blocks(chosen: Callable[[World, Head, Fault], set[net.Hop]]) -> tuple[Deed, Deed]:
    def begin_cut(world: World, head: Head, fault: Fault) -> None:
        world.network.block(chosen(world, head, fault))

    def end_cut(world: World, head: Head, fault: Fault) -> None:
        world.network.open(chosen(world, head, fault))

    return begin_cut, end_cut


# --- power, time and processes ---------------------------------------------------------------------------------


def _power_loss(world: World, head: Head, fault: Fault) -> None:
    head.power_off()


def _power_returns(world: World, head: Head, fault: Fault) -> None:
    head.power_on()


def _power_loss_at_step(world: World, head: Head, fault: Fault) -> None:
    head.calls_until_power_loss = int(fault.amount)


def _freeze_at_step(world: World, head: Head, fault: Fault) -> None:
    head.calls_until_freeze = int(fault.amount)
    head.freezes_for_s = fault.lasts


def _fencing_fails(world: World, head: Head, fault: Fault) -> None:
    head.fencing_fails = True


def _fencing_works(world: World, head: Head, fault: Fault) -> None:
    head.fencing_fails = False


def _freeze(world: World, head: Head, fault: Fault) -> None:
    head.freeze(fault.lasts)


def _kill_server(world: World, head: Head, fault: Fault) -> None:
    if head.server is not None and head.works:
        head.server.end(clean=False)


def _kill_action(world: World, head: Head, fault: Fault) -> None:
    # Without fencing nobody can help a stop that was killed: Pacemaker has to give the resource up.
    for task in head.tasks:
        if task.alive and task.calls_left is None and task.name != "stop":
            task.calls_left = int(fault.amount)


def _stop_process(world: World, head: Head, fault: Fault) -> None:
    if head.server is not None:
        head.was_slow = head.peer.was_slow = True
        head.server.stopped.add(fault.text)
        if fault.text == "walsender":
            head.frozen_senders.update(head.server.senders)
        world.changed()


def _continue_process(world: World, head: Head, fault: Fault) -> None:
    head.frozen_senders.clear()
    for one in world.heads:
        if one.server is not None:
            one.server.stopped.clear()
    world.changed()


def _connections_used_up(world: World, head: Head, fault: Fault) -> None:
    head.connections_used_up = True


def _connections_free(world: World, head: Head, fault: Fault) -> None:
    head.connections_used_up = False


def _clock_step(world: World, head: Head, fault: Fault) -> None:
    head.clock_offset_s += fault.amount


def _clock_right(world: World, head: Head, fault: Fault) -> None:
    head.clock_offset_s = 0.0


def _busy(world: World, head: Head, fault: Fault) -> None:
    head.slowness = fault.amount


def _idle(world: World, head: Head, fault: Fault) -> None:
    head.slowness = 1.0


def _slow_shutdown(world: World, head: Head, fault: Fault) -> None:
    head.slow_shutdown_s = fault.amount


def _quick_shutdown(world: World, head: Head, fault: Fault) -> None:
    head.slow_shutdown_s = 0.0


# --- disks -----------------------------------------------------------------------------------------------------


def _disk(name: str, *, hurts: bool = True) -> tuple[Deed, Deed]:
    def spoil(world: World, head: Head, fault: Fault) -> None:
        head.disk_was_ill = True
        head.was_slow = head.was_slow or hurts
        setattr(head.disk, name, fault.amount or True)
        server = head.server
        if name == "dead" and server is not None:
            # The next write of whatever process ends it.
            world.loop.after(world.loop.between(0.1, 3.0), lambda: _panic(server), head)

    def mend(world: World, head: Head, fault: Fault) -> None:
        setattr(head.disk, name, 0.0 if name == "slow_s" else False)

    return spoil, mend


def _panic(server: object) -> None:
    from simulation.postgres import Server

    assert isinstance(server, Server)
    if not server.ended and server.head.disk.dead:
        server.fail("PANIC:  could not fsync file: Input/output error")


def _lose_run(world: World, head: Head, fault: Fault) -> None:
    head.disk.lose_memory()


def _obstacle(world: World, head: Head, fault: Fault) -> None:
    head.start_obstacle = fault.text


def _no_obstacle(world: World, head: Head, fault: Fault) -> None:
    head.start_obstacle = ""


def _wal_recycled(world: World, head: Head, fault: Fault) -> None:
    if head.server is not None and not head.server.in_recovery:
        head.server.data.oldest = segment_start(head.server.data.end)


def _much_wal(world: World, head: Head, fault: Fault) -> None:
    """A bulk load whose transaction is never committed."""
    server = head.server
    if server is not None and not server.in_recovery and not head.disk.dead and not head.disk.full:
        server.data.write(server.data.timeline, "other", int(fault.amount) << 20)
        server.data.flush()
        server.send()


def _snapshot(world: World, head: Head, fault: Fault) -> None:
    """A virtual machine's disk is set back to what it was `lasts` seconds before."""
    contents: dict[str, object] = {}
    for path, found in head.disk.kept.items():
        contents[path] = _copied(found) if isinstance(found, Data) else found
    kept = head.pacemaker.kept

    def restore() -> None:
        head.power_off()
        head.disk.kept = {
            path: _copied(found) if isinstance(found, Data) else found for path, found in contents.items()
        }
        head.pacemaker.kept = kept
        head.disk.lose_power()
        world.tell(head.name, "its disk is as it was at the snapshot")
        head.power_on()

    world.loop.after(fault.lasts, restore)


def _copied(data: Data) -> Directory:
    copy = Data()
    copy.become(data)
    if copy.chain and data.flushed < len(data.chain):
        copy.cut(data.flushed)
    copy.control = replace(data.control)
    copy.consistent_at, copy.oldest, copy.broken = data.consistent_at, data.oldest, data.broken
    return copy


# --- administrators --------------------------------------------------------------------------------------------


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


KINDS: dict[str, tuple[Deed, Deed | None]] = {
    "cut between the heads": _blocks(_cut),
    "cut towards the other head": _blocks(_one_way),
    "cables out": (_cables_out, _cables_in),
    "isolated behind its switches": _blocks(_isolated),
    "gateway unreachable": _blocks(_gateway),
    "arbiter unreachable": _blocks(_arbiter),
    "power loss": (_power_loss, _power_returns),
    "power loss at a step": (_power_loss_at_step, _power_returns),
    "stands still": (_freeze, None),
    "stands still at a step": (_freeze_at_step, None),
    "its fencing device does not answer": (_fencing_fails, _fencing_works),
    "server killed": (_kill_server, None),
    "action killed": (_kill_action, None),
    "process stopped": (_stop_process, _continue_process),
    "connections used up": (_connections_used_up, _connections_free),
    "clock step": (_clock_step, _clock_right),
    "busy": (_busy, _idle),
    "shutdown hangs": (_slow_shutdown, _quick_shutdown),
    "disk dead": _disk("dead"),
    "disk full": _disk("full", hurts=False),
    "inodes used up": _disk("inodes_used_up", hurts=False),
    "/run full": _disk("run_full", hurts=False),
    "disk slow": _disk("slow_s"),
    "/run emptied": (_lose_run, None),
    "server does not start": (_obstacle, _no_obstacle),
    "old WAL recycled": (_wal_recycled, None),
    "bulk load": (_much_wal, None),
    "disk set back to a snapshot": (_snapshot, None),
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


def heal(world: World) -> None:
    """Everything that is broken is repaired, what is switched off is switched on; nobody decides anything."""
    world.tell("FAULT", "everything is repaired")
    world.network.open()
    for head in world.heads:
        disk = head.disk
        disk.dead = disk.full = disk.inodes_used_up = disk.run_full = False
        disk.slow_s, head.slowness, head.slow_shutdown_s, head.clock_offset_s = 0.0, 1.0, 0.0, 0.0
        head.start_obstacle = ""
        head.connections_used_up = False
        head.calls_until_power_loss = head.calls_until_freeze = None
        head.fencing_fails = False
        head.frozen_senders.clear()
        if head.server is not None:
            head.server.stopped.clear()
        for task in head.tasks:
            task.calls_left = None
        head.power_on()
    world.changed()
    _undo_settings(world)


def _undo_settings(world: World) -> None:
    """Administrators end maintenance and the like, and look again: a head that stood still hears it late."""
    for head in world.heads:
        pacemaker = head.pacemaker
        if head.works and pacemaker.controlling() is pacemaker:
            pacemaker.apply(_undone)
    world.loop.after(5.0, lambda: _undo_settings(world))


def _undone(cib: Cib) -> Cib:
    cib = cib.with_permanent({(name, "standby"): None for name in HEADS})
    switched = ("maintenance-mode", "stop-all-resources")
    return cib.with_options({name: "false" for name in switched if cib.option(name) == "true"})
