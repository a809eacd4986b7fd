"""DRBD and the disk under it, as one head sees them before a plan is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from live_cluster.model.drbd import (
    DISKLESS,
    INCONSISTENT,
    RESOURCE,
    UP_TO_DATE,
    DrbdIdentifiers,
    DrbdState,
)

# Of what belongs to the disk's own metadata: bitmap (32 KiB for each GiB), activity log and the block itself.
_BYTES_PER_BITMAP_BYTE = 8 * 4096
_LOG_AND_BLOCK_BYTES = 36 * 1024


NOT_CONFIGURED = DrbdState()


class DiskUse(Enum):
    """What a head's disk is to us."""

    MISSING = "missing"
    EMPTY = "empty"
    # DRBD's metadata that the head's own resource file goes with; `NEW` as long as nobody's data was on it.
    NEW = "new"
    OURS = "ours"
    # Anything else: a file system, a partition table, another DRBD resource.
    FOREIGN = "foreign"
    IN_USE = "in-use"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrbdResource:
    """A resource in DRBD's configuration (drbdadm dump-xml); no `hosts` where its ends are known by address."""

    name: str
    minors: tuple[int, ...]
    ports: tuple[int, ...]
    protocol: str = ""
    fencing: str = ""
    hosts: tuple[str, ...] = ()
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrbdFacts:
    """`resources` are all that DRBD is configured for on this head; `state` is that of the wanted device.

    `is_block_device` is about the path in the settings. `signatures` are what wipefs(8) finds on the disk,
    `holders` where it is mounted and what is built on it; `device_bytes` the size of DRBD's device while it runs.
    """

    has_tools: bool
    module: str
    is_block_device: bool
    resources: tuple[DrbdResource, ...] = ()
    state: DrbdState = NOT_CONFIGURED
    minor: int | None = None
    size_bytes: int = 0
    device_bytes: int = 0
    signatures: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    identifiers: DrbdIdentifiers | None = None
    has_our_file: bool = False

    @property
    def resource(self) -> DrbdResource | None:
        """The resource that the wanted device belongs to."""
        if self.minor is None:
            return None
        return next((one for one in self.resources if self.minor in one.minors), None)

    @property
    def ours(self) -> DrbdResource | None:
        """The resource that `drbd:/dev/DISK` has set up."""
        return next((one for one in self.resources if one.name == RESOURCE), None)

    @property
    def use(self) -> DiskUse:
        """What the disk is to us; only for `drbd:/dev/DISK`."""
        if not self.is_block_device:
            return DiskUse.MISSING
        if self.has_our_file:
            if self.state.is_configured and self.state.disk != DISKLESS:
                fresh = self.state.disk == INCONSISTENT and self.state.peer_disk != UP_TO_DATE
                return DiskUse.NEW if fresh else DiskUse.OURS
            if self.identifiers is not None:
                return DiskUse.NEW if self.identifiers.is_new else DiskUse.OURS
        if self.holders:
            return DiskUse.IN_USE
        return DiskUse.FOREIGN if self.signatures or self.identifiers else DiskUse.EMPTY

    @property
    def usable_bytes(self) -> int:
        """What is left of the disk beside DRBD's own metadata."""
        return self.size_bytes - self.size_bytes // _BYTES_PER_BITMAP_BYTE - _LOG_AND_BLOCK_BYTES


def has_data(facts: DrbdFacts) -> bool:
    """The disk is the file storage's already, whole or as it was when its head was lost."""
    if facts.use is not DiskUse.OURS:
        return False
    state = facts.state
    if state.is_configured:
        return state.disk not in (INCONSISTENT, DISKLESS)
    return facts.identifiers is not None and facts.identifiers.is_consistent
