"""What the heads are asked about the file storage; each kind has questions of its own."""

from __future__ import annotations

from collections.abc import Mapping

from live_cluster.model.settings import BlockDevice, DrbdDisk, Storage
from live_cluster.model.storage_facts import StorageFacts
from live_cluster.probes.block_device import device_facts, device_requests
from live_cluster.probes.drbd_setup import drbd_facts, drbd_requests
from live_cluster.remote.requests import Reply, Request


def storage_requests(storage: Storage | None) -> tuple[Request, ...]:
    """All requests to one head about it; nothing where there is no file storage."""
    match storage:
        case BlockDevice():
            return device_requests(storage.path)
        case DrbdDisk():
            return drbd_requests(storage)
        case _:
            return ()


def storage_facts(storage: Storage | None, replies: Mapping[Request, Reply]) -> StorageFacts | None:
    """The answers of one head as a value."""
    match storage:
        case BlockDevice():
            return device_facts(storage.path, replies)
        case DrbdDisk():
            return drbd_facts(storage, replies)
        case _:
            return None
