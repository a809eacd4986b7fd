"""What is known about the file storage where it is to be another one than the cluster mounts."""

from __future__ import annotations

from dataclasses import dataclass

# File systems of a NAS: what df(1) says of them is about all that the NAS has.
_NETWORK = ("cifs", "nfs", "nfs4")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """`former` is what the cluster mounts, `holder` the head that has it mounted (empty: none has).

    `is_same`: under both names it is the same device. `used_bytes` and `files` are what there is to copy (of a NAS:
    at most), `entries` what the new storage holds in its root folder already; `begun_from` is the former storage
    that an interrupted run has copied from; `came_from` the one that the files have left for `former`, in a run
    that has not ended. `lost_on`: heads that do not find the former device any more.
    `in_use`: where a mirrored device that is to be filled is mounted already, "head: folder".
    """

    former: str
    holder: str
    fstype: str = "ext4"
    is_same: bool = False
    used_bytes: int = 0
    files: int = 0
    entries: tuple[str, ...] = ()
    begun_from: str = ""
    came_from: str = ""
    lost_on: frozenset[str] = frozenset()
    without_rsync: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()

    @property
    def is_from_network(self) -> bool:
        """The former storage is a NAS."""
        return self.fstype in _NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerMirror:
    """DRBD that is in the cluster's configuration and is to leave it.

    `is_ours`: set up by `drbd:/dev/DISK`. `disks` are what it lies on: a head's name and a device.
    """

    resource: str
    is_ours: bool
    ports: tuple[int, ...] = ()
    disks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOver:
    """What a move that was interrupted may have left on a head, whether or not it is gone on with.

    `mirrored_disk`: the disk in our resource file of DRBD; empty where there is no such file. `being_filled`: what
    is mounted where a new storage is while it is filled.
    """

    mirrored_disk: str = ""
    being_filled: str = ""


NOTHING_LEFT = LeftOver()
