"""Is the file storage to be another one than the cluster mounts, and may it be so?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.drbd import RESOURCE
from live_cluster.model.drbd_facts import DiskUse, DrbdFacts
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import ClusterSettings, DrbdDisk
from live_cluster.model.storage_facts import BlockDeviceFacts, ShareFacts, StorageFacts
from live_cluster.model.storage_move import MoveFacts

OPTION = "filestorage-device"
# What a new ext4 file system keeps for itself, at most.
_OVERHEAD = 0.06
_MIB = 2**20


class Change(Enum):
    """What becomes of the files."""

    # The cluster mounts what is wanted, or nothing yet.
    NONE = "none"
    # The same device under another name, the same share after its address changed …: nothing is copied.
    RENAMED = "renamed"
    COPIED = "copied"
    # An administrator has stopped everything and seen to the files himself.
    BY_HAND = "by-hand"
    REFUSED = "refused"


def change_of(settings: ClusterSettings, facts: ClusterFacts) -> Change:
    """Decided by what the cluster mounts, not by what earlier settings say."""
    move = facts.move
    if move is None:
        return Change.NONE
    if move.is_same:
        return Change.RENAMED
    if settings.storage_orders.may_move:
        return Change.COPIED
    is_lost = len(move.lost_on) == len(facts.heads)
    is_by_hand = not move.holder and (is_lost or any(head.stopped_on_purpose for head in facts.heads))
    return Change.BY_HAND if is_by_hand else Change.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be mounted, in the words of mount(8).

    `mirror` is DRBD's own name of it, `managed` that of what the cluster has now; empty where it is none of DRBD's.
    """

    device: str
    mirror: str = ""
    managed: str = ""


def change_problems(settings: ClusterSettings, facts: ClusterFacts, wanted: Wanted) -> Iterator[Problem]:
    """What speaks against another storage, and what will be left of the former one."""
    yield from _mirror(settings, facts, wanted)
    move = facts.move
    if move is None:
        return
    place = {"option": OPTION, "former": move.former, "wanted": wanted.device}
    is_leaving = bool(wanted.mirror) and wanted.mirror == wanted.managed
    match change_of(settings, facts):
        case Change.REFUSED | Change.COPIED if is_leaving:
            yield problem("move-mirror-leaving", resource=wanted.mirror, **place)
        case Change.REFUSED if move.came_from == wanted.device:
            yield problem("move-not-ended", **place)
        case Change.REFUSED:
            yield problem("storage-is-another", **place)
        case Change.BY_HAND:
            yield warning("storage-changed-by-hand", **place)
        case Change.COPIED:
            yield from _copy(facts, move, place)
        case _:
            pass


def _mirror(settings: ClusterSettings, facts: ClusterFacts, wanted: Wanted) -> Iterator[Problem]:
    disk, former = settings.filestorage, facts.former_mirror
    if isinstance(disk, DrbdDisk) and not disk.is_ready and wanted.managed == RESOURCE:
        for head in facts.heads:
            mirrored = head.left.mirrored_disk
            if mirrored and mirrored != disk.path:
                place = {"option": OPTION, "node": head.node.server.name}
                yield problem("drbd-disk-is-another", former=mirrored, wanted=disk.path, **place)
    if former is not None:
        disks = ", ".join(f"{node}: {one}" for node, one in former.disks)
        code = "mirror-stays-on-disks" if former.is_ours else "mirror-stays-configured"
        yield warning(code, option=OPTION, resource=former.resource, disks=disks or "-")


def _copy(facts: ClusterFacts, move: MoveFacts, place: dict[str, str]) -> Iterator[Problem]:
    if _is_within(place["wanted"], move.former) or _is_within(move.former, place["wanted"]):
        yield problem("move-inside", **place)
    if move.in_use:
        yield problem("move-target-mounted", where=", ".join(move.in_use), **place)
    if not move.holder:
        yield problem("move-source-not-mounted", **place)
    for node in move.without_rsync:
        yield problem("package-missing", node=node, package="rsync")
    if move.entries and not move.begun_from:
        shown = ", ".join(move.entries[:5]) + (" …" if len(move.entries) > 5 else "")
        yield problem("move-target-not-empty", names=shown, **place)
    if move.begun_from not in ("", move.former):
        yield problem("move-begun-from-another", begun_from=move.begun_from, **place)
    rooms = [room for head in facts.heads if (room := _room(head.storage)) is not None]
    if rooms and not move.begun_from and min(rooms) < move.used_bytes:
        needs = {"need_mib": str(move.used_bytes // _MIB), "free_mib": str(min(rooms) // _MIB)}
        # What df(1) says of a NAS is what all of it holds.
        judged, code = (warning, "move-room-unknown") if move.is_from_network else (problem, "move-no-room")
        yield judged(code, **needs, **place)


def _is_within(inner: str, outer: str) -> bool:
    """A folder of a share; a copy into itself has no end."""
    is_share = not outer.startswith("/dev/")
    return is_share and inner != outer and f"{inner}/".startswith(f"{outer.rstrip('/')}/")


def _room(target: StorageFacts | None) -> int | None:
    """Bytes for files, as far as that can be known before."""
    match target:
        case BlockDeviceFacts(free_bytes=None):
            return int(target.capacity_bytes * (1 - _OVERHEAD))
        case BlockDeviceFacts() | ShareFacts():
            return target.free_bytes
        case DrbdFacts() if target.use is DiskUse.EMPTY:
            return int(target.usable_bytes * (1 - _OVERHEAD))
        case _:
            return None
