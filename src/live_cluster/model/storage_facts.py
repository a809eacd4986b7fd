"""What a head sees of the file storage, a value for each kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDeviceFacts:
    """A SAN's device as one head sees it (blkid(8))."""

    exists: bool
    filesystem: str = ""
    uuid: str = ""


StorageFacts = BlockDeviceFacts
