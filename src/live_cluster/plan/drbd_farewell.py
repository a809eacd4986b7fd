"""DRBD that the files have left: out of the cluster, stopped on both heads, its file set aside, its port closed.

What is on the disks stays there, metadata included: it is the administrator's to give up.
"""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.drbd import MINOR, RESOURCE, RESOURCE_FILE, DrbdState
from live_cluster.model.facts import Role
from live_cluster.model.settings import DrbdDisk
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.cib_steps import SETTLE, patch, warned_only
from live_cluster.plan.mounts import drbd_ports, drbd_resource
from live_cluster.plan.resource_steps import Mirrored, cib_plan
from live_cluster.plan.server_steps import firewall_steps, ports_in_use
from live_cluster.plan.step import Check, Impact, Replies, Stage, Step
from live_cluster.plan.view_checks import stdout_of, view_of
from live_cluster.probes.drbd import parse_proc
from live_cluster.probes.drbd_setup import STATE
from live_cluster.probes.head import CIB, VIEW
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    RemoveFile,
    Reply,
    Request,
)
from live_cluster.render.cib import configuration
from live_cluster.render.cib_difference import differs
from live_cluster.render.cib_storage import mirror_in

_STOP_DEADLINE_S = 300.0


def farewell_stages(plan: Blueprint) -> tuple[Stage, ...]:
    """After everything else runs on the new storage; also for what a move left that nobody goes on with."""
    if plan.profile.filestorage is None:
        return ()
    is_left = plan.facts.former_mirror is not None and not isinstance(plan.settings.filestorage, DrbdDisk)
    ports = drbd_ports(plan.settings.filestorage, plan.facts)
    closed = tuple(
        step
        for server in plan.servers
        if server.role is Role.HEAD and ports != ports_in_use(plan)
        for step in firewall_steps(plan, server, ports)
    )
    return (
        Stage(title=message("stage-drbd-stop"), steps=(_stopped(plan),) if is_left else ()),
        Stage(title=message("stage-drbd-out"), steps=(_taken_out(plan),) if is_left else ()),
        Stage(title=message("stage-drbd-aside"), steps=(*_set_aside(plan), *closed)),
    )


def _stopped(plan: Blueprint) -> Step:
    """Nothing is mounted from it any more: it can be demoted and stopped in an orderly way."""
    names = plan.profile.resources
    wanted = configuration(cib_plan(plan, Mirrored.LEAVING))

    def runs(view: ClusterView) -> bool:
        return any(one.id == names.filestorage_drbd and one.nodes for _, one in view.instances())

    def holds(replies: Replies) -> bool:
        present, view = _present(replies[0]), view_of(replies[1])
        if not present or view is None:
            return False
        is_out = not mirror_in(present, names.filestorage_drbd)
        return (is_out or not differs(present, wanted)) and not runs(view)

    return Step(
        code="drbd-stopped",
        node=plan.head_names[0],
        title=message("step-drbd-stopped"),
        impact=Impact.NONE,
        # A run that was killed may have left the former file system on its way.
        actions=lambda replies: (SETTLE, *patch(stdout_of(replies[0]), wanted), SETTLE),
        check=Check(requests=(CIB, VIEW), holds=holds),
        deadline_s=_STOP_DEADLINE_S,
        tolerates=warned_only,
    )


def _taken_out(plan: Blueprint) -> Step:
    """With its constraints, and whatever DRBD's own handlers have written."""
    wanted = configuration(cib_plan(plan, Mirrored.AS_WANTED))

    def holds(replies: Replies) -> bool:
        present = _present(replies[0])
        return bool(present) and not differs(present, wanted)

    return Step(
        code="drbd-taken-out",
        node=plan.head_names[0],
        title=message("step-drbd-taken-out"),
        impact=Impact.NONE,
        actions=lambda replies: (*patch(stdout_of(replies[0]), wanted), SETTLE),
        check=Check(requests=(CIB,), holds=holds),
        # The head that answers need not be the one that carries the change out.
        deadline_s=30,
        tolerates=warned_only,
    )


def _set_aside(plan: Blueprint) -> tuple[Step, ...]:
    """Ours alone: an administrator's DRBD stays as he has configured it."""
    if drbd_resource(plan.settings.filestorage, plan.facts) == RESOURCE:
        return ()
    return tuple(
        _without_file(plan, head.node.server.name, head.left.mirrored_disk)
        for head in plan.facts.heads
        if head.left.mirrored_disk
    )


def _without_file(plan: Blueprint, node: str, disk: str) -> Step:
    present = ReadFile(path=RESOURCE_FILE)

    def actions(replies: Replies) -> tuple[Request, ...]:
        # The file last: without it, drbdadm(8) knows nothing that could be stopped.
        is_up = parse_proc(_text(replies[1])).get(MINOR, DrbdState()).is_configured
        down = (
            (Command(argv=("drbdadm", "down", RESOURCE), timeout_s=120, changes_node=True),) if is_up else ()
        )
        return (*down, RemoveFile(path=RESOURCE_FILE, set_aside=plan.set_aside))

    return Step(
        code="drbd-set-aside",
        node=node,
        title=message("step-drbd-set-aside", path=RESOURCE_FILE, disk=disk),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(present, STATE),
            holds=lambda replies: isinstance(replies[0], FileState) and not replies[0].exists,
        ),
    )


def _present(reply: Reply) -> bytes:
    return reply.stdout if isinstance(reply, CommandResult) and reply.ok else b""


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, FileState) else ""
