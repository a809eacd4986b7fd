"""A SAN's device as one head sees it, and what its names say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import basename

# By these the kernel counts devices as it finds them: after the next boot another disk may have the name.
_COUNTED = re.compile(r"/dev/(?:(?:[shv]d|xvd)[a-z]+\d*|nvme\d+n\d+(?:p\d+)?|(?:dm-|loop|md)\d+)")
# What the unit itself says it is, told by the name that udev makes of it.
_UNIT_ID = re.compile(r"(?:wwn-|nvme-(?:eui|uuid)\.|dm-uuid-mpath-).+")
# The order in which names are proposed.
_PREFERRED = ("/dev/mapper/", "/dev/disk/by-id/wwn-", "/dev/disk/by-id/", "/dev/disk/by-uuid/")
MULTIPATH = "mpath"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A device that is made of this one: a logical volume, a partition, the map of a multipath device."""

    path: str
    kind: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDeviceFacts:
    """What one head says about the device (blkid(8), lsblk(8), dumpe2fs(8)).

    `partitions` is the kind of a partition table; `node` the kernel's own name; `links` are all names below
    /dev/disk and /dev/mapper with the node that each leads to; `state` is ext4's own judgement of itself, and it
    `needs_recovery` while it is mounted, or since a head that had it mounted lost power.
    `is_zero` and `is_begun` are known only where the device may be formatted: samples hold zeros only, and an
    earlier run of ours was interrupted while it made the file system. `other_paths`: disks that are the same unit.
    """

    exists: bool
    path: str = ""
    filesystem: str = ""
    partitions: str = ""
    uuid: str = ""
    node: str = ""
    kind: str = ""
    capacity_bytes: int = 0
    wwn: str = ""
    is_read_only: bool = False
    mounted_at: tuple[str, ...] = ()
    holders: tuple[Holder, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    state: str = ""
    needs_recovery: bool = False
    free_bytes: int | None = None
    is_zero: bool = False
    is_begun: bool = False
    other_paths: tuple[str, ...] = ()

    @property
    def has_signature(self) -> bool:
        """There is something on it that is known by its looks."""
        return bool(self.filesystem or self.partitions)

    @property
    def has_errors(self) -> bool:
        """Its file system has noticed damage (e2fsck(8) has to run)."""
        return "error" in self.state

    @property
    def names(self) -> frozenset[str]:
        """Other names of the device on this head that outlive a boot."""
        links = dict(self.links)
        own = {self.path, links.get(self.path, self.path), f"/dev/{self.node}" if self.node else self.path}
        return frozenset(name for name, target in self.links if target in own and name != self.path)

    @property
    def unit_ids(self) -> frozenset[str]:
        """By these the storage system itself names the unit."""
        every = {basename(name) for name in (*self.names, self.path)}
        named = {one.removeprefix("wwn-") for one in every if _UNIT_ID.fullmatch(one)}
        return frozenset(named | ({self.wwn} - {""}))


def may_change(path: str) -> bool:
    """May the name belong to another disk after the next boot?"""
    return bool(_COUNTED.fullmatch(path))


def best_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names in the order in which they are to be recommended; those that tell the way are left out."""
    return tuple(sorted((one for one in names if "/by-path/" not in one), key=_rank))


def _rank(name: str) -> tuple[int, str]:
    place = next((n for n, prefix in enumerate(_PREFERRED) if name.startswith(prefix)), len(_PREFERRED))
    return place, name


def are_different_units(first: BlockDeviceFacts, second: BlockDeviceFacts) -> bool:
    """Both heads are told ids of their unit, and none is the same: one is a copy of the other."""
    kinds = {_kind_of(one) for one in first.unit_ids} & {_kind_of(one) for one in second.unit_ids}
    comparable = [{one for one in facts.unit_ids if _kind_of(one) in kinds} for facts in (first, second)]
    return bool(kinds) and not comparable[0] & comparable[1]


def _kind_of(unit_id: str) -> str:
    return "wwn" if unit_id.startswith("0x") else unit_id.partition("-")[0]
