"""Is the file storage to be another one than the cluster mounts, and may it be so?"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import ClusterSettings, DrbdDisk
from live_cluster.model.storage_facts import BlockDeviceFacts
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


def change_problems(settings: ClusterSettings, facts: ClusterFacts, *, wanted: str) -> Iterator[Problem]:
    """`wanted` is what is to be mounted, in the words of mount(8)."""
    move = facts.move
    if move is None:
        return
    place = {"option": OPTION, "former": move.former, "wanted": wanted}
    match change_of(settings, facts):
        case Change.REFUSED:
            yield problem("storage-is-another", **place)
        case Change.BY_HAND:
            yield warning("storage-changed-by-hand", **place)
        case Change.COPIED:
            yield from _copy(settings, facts, move, place)
        case _:
            pass


def _copy(
    settings: ClusterSettings, facts: ClusterFacts, move: MoveFacts, place: dict[str, str]
) -> Iterator[Problem]:
    # A mirror is in Pacemaker's hands: it is promoted and given up along with the rest, not beside a copy.
    if isinstance(settings.filestorage, DrbdDisk) or move.former.startswith("/dev/drbd"):
        yield problem("move-with-drbd", **place)
    if not move.holder:
        yield problem("move-source-not-mounted", **place)
    for node in move.without_rsync:
        yield problem("package-missing", node=node, package="rsync")
    if move.entries and not move.begun_from:
        shown = ", ".join(move.entries[:5]) + (" …" if len(move.entries) > 5 else "")
        yield problem("move-target-not-empty", names=shown, **place)
    if move.begun_from not in ("", move.former):
        yield problem("move-begun-from-another", begun_from=move.begun_from, **place)
    target = facts.heads[0].storage
    if isinstance(target, BlockDeviceFacts) and not move.begun_from:
        room = target.free_bytes
        if room is None:
            room = int(target.capacity_bytes * (1 - _OVERHEAD))
        if room < move.used_bytes:
            needs = {"need_mib": str(move.used_bytes // _MIB), "free_mib": str(room // _MIB)}
            yield problem("move-no-room", **needs, **place)
