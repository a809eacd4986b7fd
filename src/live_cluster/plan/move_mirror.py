"""A DRBD that files are moved to: until the cluster has it, it is made writable and mounted without Pacemaker."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from live_cluster.messages import message
from live_cluster.model.drbd import PRIMARY, DrbdState
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.drbd_steps import is_being_filled, minor_of
from live_cluster.plan.mounts import drbd_resource
from live_cluster.plan.step import Check, Impact, Replies, Step, always
from live_cluster.probes.drbd import parse_proc
from live_cluster.probes.drbd_setup import STATE
from live_cluster.probes.storage_move import NEW_STORAGE, is_ok, mounted_source
from live_cluster.remote.requests import Command, FileState, Reply, Request
from live_cluster.render.cib_storage import mounted_by

# A resynchronisation that an interrupted run has left behind may be one of the whole disk.
_WHOLE_DEADLINE_S = 86400.0
# In the time without services. A link that was lost for a moment is back by then.
_STILL_WHOLE_DEADLINE_S = 300.0
_DEVICE = re.compile(r"/dev/drbd([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """`resource` in the words of drbdadm(8)."""

    resource: str
    minor: int

    @property
    def writable(self) -> Command:
        """Refused where the other head may write; nothing happens where this one may already."""
        return Command(argv=("drbdadm", "primary", self.resource), changes_node=True)

    @property
    def given_up(self) -> tuple[Command, ...]:
        """After the last unmount; who looks at devices that were written to holds them for a moment."""
        return (
            Command(argv=("udevadm", "settle"), timeout_s=120),
            Command(argv=("drbdadm", "secondary", self.resource), changes_node=True),
        )

    def state(self, reply: Reply) -> DrbdState:
        """By the kernel's answer."""
        text = reply.text if isinstance(reply, FileState) else ""
        return parse_proc(text).get(self.minor, DrbdState())


def mirror_to_fill(plan: Blueprint) -> Mirror | None:
    """None where files are moved to something else, or nowhere."""
    if not is_being_filled(plan):
        return None
    return Mirror(resource=drbd_resource(plan.settings.filestorage, plan.facts), minor=minor_of(plan))


def abandoned_mirror(plan: Blueprint, source: str) -> Mirror | None:
    """What an earlier run has mounted and this one does not go on with, where that is a DRBD of nobody's."""
    found = _DEVICE.fullmatch(source)
    identity = plan.profile.resources.filestorage_filesystem
    in_use = {mount.device for head in plan.facts.heads if (mount := mounted_by(head.cib, identity))}
    if found is None or source in in_use:
        return None
    # drbdadm(8): a device is named by its minor number, too.
    return Mirror(resource=f"minor-{found[1]}", minor=int(found[1]))


def unmounted(
    node: str, mirror: Mirror | None, *, foreseen: bool = False, undo: tuple[Request, ...] = ()
) -> Step:
    """The new storage is not mounted there, and the head has no claim to it."""
    where = mounted_source(NEW_STORAGE)
    unmount = Command(argv=("umount", NEW_STORAGE), timeout_s=600, changes_node=True)

    def is_writable(replies: Replies) -> bool:
        return mirror is not None and mirror.state(replies[1]).role == PRIMARY

    def actions(replies: Replies) -> tuple[Request, ...]:
        leave = (unmount,) if is_ok(replies[0]) else ()
        return (*leave, *(mirror.given_up if mirror is not None and is_writable(replies) else ()))

    return Step(
        code="move-unmounted",
        node=node,
        title=message("step-move-unmount", path=NEW_STORAGE),
        impact=Impact.NONE,
        actions=actions,
        check=Check(
            requests=(where, STATE) if mirror is not None else (where,),
            holds=lambda replies: not is_ok(replies[0]) and not is_writable(replies),
        ),
        foreseen=foreseen,
        undo=undo,
    )


def whole(node: str, mirror: Mirror) -> Step:
    """Both heads' disks have everything, before the services stop: either head may have to take over."""

    def holds(replies: Replies) -> bool:
        return mirror.state(replies[0]).is_whole

    def missing(replies: Replies) -> str:
        state = mirror.state(replies[0])
        synced = "" if state.synced_percent is None else f" {state.synced_percent} %"
        return f"{state.connection or 'not running'} {state.disk}/{state.peer_disk}{synced}"

    return Step(
        code="move-mirrored",
        node=node,
        title=message("step-move-mirrored"),
        impact=Impact.NONE,
        actions=always(),
        check=Check(requests=(STATE,), holds=holds, missing=missing),
        deadline_s=_WHOLE_DEADLINE_S,
        # In the kernel's words: a link that is lost shows here, too.
        tells=lambda replies: message("move-mirroring", state=missing(replies)),
        foreseen=True,
    )


def still_whole(node: str, mirror: Mirror, undo: tuple[Request, ...]) -> Step:
    """The same after the last change: until the cluster has DRBD, nobody marks a disk that misses something."""
    return replace(whole(node, mirror), deadline_s=_STILL_WHOLE_DEADLINE_S, undo=undo)
