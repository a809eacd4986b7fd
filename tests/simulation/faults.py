"""What can go wrong: each a function that begins it and one that ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulation import network as net
from simulation.administrators import DEEDS, undo_settings
from simulation.data import Data, segment_start
from simulation.disk import Directory
from simulation.fault import Deed, Fault
from simulation.head import Head
from simulation.network import ARBITER, GATEWAY, hops, unplugged
from simulation.world import World


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
    **DEEDS,
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
    undo_settings(world)
