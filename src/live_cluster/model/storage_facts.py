"""What a head sees of the file storage, a value for each kind."""

from __future__ import annotations

from live_cluster.model.block_device import BlockDeviceFacts

__all__ = ["BlockDeviceFacts", "StorageFacts"]


StorageFacts = BlockDeviceFacts
