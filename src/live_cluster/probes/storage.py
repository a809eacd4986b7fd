"""What the heads are asked about the file storage; each kind has questions of its own."""

from __future__ import annotations

from collections.abc import Mapping

from live_cluster.model.settings import BlockDevice, Storage
from live_cluster.model.storage_facts import BlockDeviceFacts, StorageFacts
from live_cluster.remote.requests import Command, CommandResult, Reply, Request


def device_question(path: str) -> Command:
    """Type and id of what is on the block device, read from the device itself."""
    return Command(argv=("blkid", "-p", "-o", "export", "--", path))


def device_exists(path: str) -> Command:
    """Is it a block device?"""
    return Command(argv=("test", "-b", path))


def storage_requests(storage: Storage | None) -> tuple[Request, ...]:
    """All requests to one head about it; nothing where there is no file storage."""
    match storage:
        case BlockDevice():
            return (device_question(storage.path), device_exists(storage.path))
        case _:
            return ()


def storage_facts(storage: Storage | None, replies: Mapping[Request, Reply]) -> StorageFacts | None:
    """The answers of one head as a value."""
    match storage:
        case BlockDevice():
            return _device(replies, storage.path)
        case _:
            return None


def _device(replies: Mapping[Request, Reply], device: str) -> BlockDeviceFacts:
    exists = replies[device_exists(device)]
    said = replies[device_question(device)]
    text = said.text if isinstance(said, CommandResult) and said.ok else ""
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return BlockDeviceFacts(
        exists=isinstance(exists, CommandResult) and exists.ok,
        filesystem=values.get("TYPE", ""),
        uuid=values.get("UUID", ""),
    )
