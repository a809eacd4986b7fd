"""What a head sees of the file storage, a value for each kind."""

from __future__ import annotations

from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.drbd_facts import DrbdFacts

__all__ = ["BlockDeviceFacts", "StorageFacts"]

StorageFacts = BlockDeviceFacts | DrbdFacts
