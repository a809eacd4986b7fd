"""Two copies of the files that were written on apart: which is which, and what each side tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from live_cluster.model.drbd import NONE, DrbdIdentifiers, DrbdState

# A snapshot's own table beside the blocks it keeps (lvmcache: 16 bytes for each chunk of 4 KiB), rounded up well.
_TABLE = 1.02
_LEAST_SNAPSHOT = 64 << 20
# LVM's usual extent; lvcreate(8) takes no size that is not whole sectors.
_EXTENT = 4 << 20


class Relation(Enum):
    """What DRBD would do with the two disks when they are connected (drbd_receiver.c: drbd_uuid_compare)."""

    SAME = "same"
    FIRST_NEWER = "first-newer"
    SECOND_NEWER = "second-newer"
    SPLIT = "split"
    # A split-brain whose common generation is forgotten: `drbdadm primary --force` begins two generations at once.
    FORGOTTEN = "forgotten"
    UNRELATED = "unrelated"

    @property
    def is_split(self) -> bool:
        """One side has to be given up."""
        return self in (Relation.SPLIT, Relation.FORGOTTEN)


def relation(first: DrbdIdentifiers, second: DrbdIdentifiers) -> Relation:
    """By the generations that both disks remember."""
    if first.current == second.current:
        return Relation.SAME
    if first.is_new or second.is_new:
        return Relation.SECOND_NEWER if first.is_new else Relation.FIRST_NEWER
    if first.current in (second.bitmap, *second.history):
        return Relation.SECOND_NEWER
    if second.current in (first.bitmap, *first.history):
        return Relation.FIRST_NEWER
    known = {one for one in (first.bitmap, *first.history) if one != NONE}
    if known & {second.bitmap, *second.history}:
        return Relation.SPLIT
    # DRBD compares empty places, too, and would copy what has changed since some generation or other. Only a copy
    # of the whole disk is sure to make both the same.
    is_split = NONE in first.history and NONE in second.history
    return Relation.FORGOTTEN if is_split else Relation.UNRELATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The logical volume under DRBD; sizes in bytes. A thin one shares its pool's free space."""

    group: str
    name: str
    size: int
    free: int
    is_thin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Superblock:
    """What ext4 notes about itself: seconds since 1970, 0 where it does not say."""

    mounted_at: int
    written_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A file on the side whose file system is mounted; `modified_at` in seconds since 1970."""

    path: str
    size: int
    modified_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One head's copy of the files, as that head tells it; `parted_at`: when its kernel lost the other one."""

    node: str
    drbd: DrbdState
    identifiers: DrbdIdentifiers | None
    backing: str
    volume: Volume | None = None
    snapshots: tuple[str, ...] = ()
    superblock: Superblock | None = None
    mount_point: str = ""
    parted_at: float | None = None
    changed: tuple[ChangedFile, ...] | None = None

    @property
    def written(self) -> int:
        """Bytes that differ from the last common state, in blocks of 4 KiB."""
        return self.drbd.out_of_sync_kib << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The loser's data as it was; `size` is the room for what is overwritten afterwards, 0: the pool's."""

    group: str
    origin: str
    name: str
    size: int

    @property
    def path(self) -> str:
        """The device."""
        return f"/dev/{self.group}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSnapshot:
    """Why the loser's data cannot be kept: `free` and `needed` bytes, or no LVM at all where `needed` is 0."""

    free: int = 0
    needed: int = 0


_DISCARDED = "-discarded-"


def snapshot_of(loser: Side, winner: Side, *, is_whole: bool = False) -> Snapshot | NoSnapshot:
    """Named after the loser's generation, so that a run that was interrupted finds the one it has made.

    `is_whole`: all of the loser's disk is going to be overwritten.
    """
    volume = loser.volume
    if volume is None or loser.identifiers is None:
        return NoSnapshot()
    name = f"{volume.name}{_DISCARDED}{loser.identifiers.current[:8].lower()}"
    if volume.is_thin or name in loser.snapshots:
        return Snapshot(group=volume.group, origin=volume.name, name=name, size=0)
    # What the resync overwrites, and then a fifth of the volume for what the service writes later.
    overwritten = volume.size if is_whole else loser.written + winner.written
    needed = _extents(int(overwritten * _TABLE) + _LEAST_SNAPSHOT)
    if volume.free < needed:
        return NoSnapshot(free=volume.free, needed=needed)
    size = min(needed + volume.size // 5, int(volume.size * _TABLE) + _LEAST_SNAPSHOT)
    return Snapshot(group=volume.group, origin=volume.name, name=name, size=min(_extents(size), volume.free))


def found_snapshot(loser: Side) -> Snapshot | None:
    """What an earlier run kept, when the loser's generation is the winner's. None where it cannot be told."""
    volume = loser.volume
    if volume is None:
        return None
    found = [name for name in loser.snapshots if name.startswith(f"{volume.name}{_DISCARDED}")]
    if len(found) != 1:
        return None
    return Snapshot(group=volume.group, origin=volume.name, name=found[0], size=0)


def _extents(size: int) -> int:
    return -(-size // _EXTENT) * _EXTENT
