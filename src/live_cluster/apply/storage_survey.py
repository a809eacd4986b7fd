"""A closer look at the file storage: questions that follow from the first answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from live_cluster.apply.fleet import Fleet
from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.facts import HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import BlockDevice, ClusterSettings
from live_cluster.model.storage_move import MoveFacts
from live_cluster.plan.device_prerequisites import NEW_STORAGE
from live_cluster.plan.mounts import device_of
from live_cluster.probes.block_device import closer_facts, closer_requests, device_facts, device_requests
from live_cluster.probes.storage_move import (
    HAS_RSYNC,
    entries_of,
    is_ok,
    mark_of,
    mark_on,
    mounted_source,
    root_folder,
    usage,
    used_of,
)
from live_cluster.remote.requests import CommandResult, Reply, Request
from live_cluster.render.cib_storage import mounted_by

Heads = tuple[HeadFacts, HeadFacts]


async def looked_closer(
    fleet: Fleet, heads: Heads, settings: ClusterSettings, profile: Profile
) -> tuple[Heads, MoveFacts | None]:
    """Both heads with what the second answers say; costs nothing where nothing more is to be known."""
    (first, second), move = await asyncio.gather(
        asyncio.gather(*(_one(fleet, head, settings) for head in heads)),
        _move(fleet, heads, settings, profile),
    )
    return (first, second), move


async def _one(fleet: Fleet, head: HeadFacts, settings: ClusterSettings) -> HeadFacts:
    device = head.storage
    if not isinstance(device, BlockDeviceFacts):
        return head
    requests = closer_requests(device, may_format=settings.storage_orders.may_format)
    if not requests:
        return head
    replies = await _ask(fleet, head, requests)
    return replace(head, storage=closer_facts(device, replies))


async def _move(fleet: Fleet, heads: Heads, settings: ClusterSettings, profile: Profile) -> MoveFacts | None:
    """Only where the cluster mounts another storage than the wanted one."""
    resource = profile.resources.filestorage_filesystem
    former = next((mount for head in heads if (mount := mounted_by(head.cib, resource))), None)
    if profile.filestorage is None or former is None or settings.filestorage is None:
        return None
    if former.device == device_of(settings.filestorage):
        return None
    where = mounted_source(profile.filestorage.mount_point)
    about_device = device_requests(former.device) if former.device.startswith("/dev/") else ()
    answers = await asyncio.gather(*(_ask(fleet, head, (where, HAS_RSYNC, *about_device)) for head in heads))
    names = [head.node.server.name for head in heads]
    holder = next((name for name, said in zip(names, answers, strict=True) if is_ok(said[where])), "")
    devices = [device_facts(former.device, said) if about_device else None for said in answers]
    found = MoveFacts(
        former=former.device,
        holder=holder,
        is_same=_is_same(heads, devices, profile.filestorage.mount_point),
        lost_on=frozenset(
            name for name, one in zip(names, devices, strict=True) if one is not None and not one.exists
        ),
        without_rsync=tuple(
            name for name, said in zip(names, answers, strict=True) if not is_ok(said[HAS_RSYNC])
        ),
    )
    if not holder or found.is_same or not settings.storage_orders.may_move:
        return found
    return await _contents(
        fleet, heads[names.index(holder)], found, settings, profile.filestorage.mount_point
    )


async def _contents(
    fleet: Fleet, holder: HeadFacts, found: MoveFacts, settings: ClusterSettings, mount_point: str
) -> MoveFacts:
    """How much there is to copy, and what the new storage holds, as far as it shows before it is mounted."""
    full, target = usage(mount_point), settings.filestorage
    replies = await _ask(fleet, holder, (full,))
    used, files = used_of(replies[full])
    found = replace(found, used_bytes=used, files=files)
    device = holder.storage
    if not isinstance(target, BlockDevice) or not isinstance(device, BlockDeviceFacts):
        return found
    # What is on the disk of one that is in use, or was when its head lost power, is not what it holds.
    if device.filesystem != "ext4" or device.needs_recovery or NEW_STORAGE in device.mounted_at:
        return found
    listing, mark = root_folder(target.path), mark_on(target.path)
    replies = await _ask(fleet, holder, (listing, mark))
    said = replies[mark]
    begun = mark_of(said.text) if isinstance(said, CommandResult) else {}
    return replace(found, entries=entries_of(replies[listing]), begun_from=begun.get("origin", ""))


def _is_same(heads: Heads, former: list[BlockDeviceFacts | None], mount_point: str) -> bool:
    """Mounted in its place under its new name; or, where it is mounted nowhere, both names lead to one device."""
    wanted = [head.storage for head in heads]
    devices = [one for one in wanted if isinstance(one, BlockDeviceFacts)]
    if len(devices) < len(heads):
        return False
    if any(mount_point in one.mounted_at for one in devices):
        return True
    pairs = [(old, new) for old, new in zip(former, devices, strict=True) if old is not None and old.exists]
    return bool(pairs) and all(
        new.exists and new.node and new.node in {old.node, *(one.node for one in old.holders)}
        for old, new in pairs
    )


async def _ask(fleet: Fleet, head: HeadFacts, requests: tuple[Request, ...]) -> Mapping[Request, Reply]:
    replies = await fleet.servers[head.node.server.name].ask_all(requests)
    return dict(zip(requests, replies, strict=True))
