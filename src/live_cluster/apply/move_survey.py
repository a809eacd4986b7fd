"""What the heads are asked where the file storage is to be another one than the cluster mounts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from live_cluster.apply.fleet import Fleet
from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.facts import HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import BlockDevice, ClusterSettings, DrbdDisk
from live_cluster.model.storage_facts import ShareFacts
from live_cluster.model.storage_move import MoveFacts
from live_cluster.plan.mounts import device_of, resource_of
from live_cluster.probes.block_device import device_facts, device_requests, device_tree, mounted_at
from live_cluster.probes.storage_move import (
    HAS_RSYNC,
    LISTING,
    MARK,
    MARK_FILE,
    NEW_STORAGE,
    entries_of,
    is_ok,
    mark_in,
    mark_of,
    mark_on,
    mounted_source,
    names_in,
    root_folder,
    usage,
    used_of,
)
from live_cluster.remote.requests import CommandResult, ReadFile, Reply, Request
from live_cluster.render.cib_storage import mirror_in, mounted_by

Heads = tuple[HeadFacts, HeadFacts]
_DRBD = "/dev/drbd"


async def move_facts(
    fleet: Fleet, heads: Heads, settings: ClusterSettings, profile: Profile
) -> MoveFacts | None:
    """Only where the cluster mounts another storage than the wanted one."""
    resource = profile.resources.filestorage_filesystem
    former = next((mount for head in heads if (mount := mounted_by(head.cib, resource))), None)
    if profile.filestorage is None or former is None or settings.filestorage is None:
        return None
    if former.device == device_of(settings.filestorage):
        return None
    where = mounted_source(profile.filestorage.mount_point)
    mark = ReadFile(path=f"{profile.filestorage.mount_point}/{MARK}")
    # DRBD's device is there while it runs, and its data always.
    is_device = former.device.startswith("/dev/") and not former.device.startswith(_DRBD)
    about_device = device_requests(former.device) if is_device else ()
    answers = await asyncio.gather(
        *(_ask(fleet, head, (where, mark, HAS_RSYNC, *about_device)) for head in heads)
    )
    names = [head.node.server.name for head in heads]
    holder = next((name for name, said in zip(names, answers, strict=True) if is_ok(said[where])), "")
    devices = [device_facts(former.device, said) if about_device else None for said in answers]
    found = MoveFacts(
        former=former.device,
        holder=holder,
        came_from=mark_in(answers[names.index(holder)][mark]).get("origin", "") if holder else "",
        fstype=former.fstype,
        is_same=_is_same(heads, devices, profile.filestorage.mount_point)
        or _is_same_mirror(former.device, heads, settings, profile),
        lost_on=frozenset(
            name for name, one in zip(names, devices, strict=True) if one is not None and not one.exists
        ),
        without_rsync=tuple(
            name for name, said in zip(names, answers, strict=True) if not is_ok(said[HAS_RSYNC])
        ),
    )
    if not holder or found.is_same or not settings.storage_orders.may_move:
        return found
    found = await _amount(fleet, heads[names.index(holder)], found, profile.filestorage.mount_point)
    return await _contents(fleet, heads, found, settings)


async def _amount(fleet: Fleet, holder: HeadFacts, found: MoveFacts, mount_point: str) -> MoveFacts:
    """How much there is to copy."""
    full = usage(mount_point)
    used, files = used_of((await _ask(fleet, holder, (full,)))[full])
    return replace(found, used_bytes=used, files=files)


async def _contents(fleet: Fleet, heads: Heads, found: MoveFacts, settings: ClusterSettings) -> MoveFacts:
    """What the new storage holds, as far as it shows before it is mounted."""
    target = settings.filestorage
    holder = next(head for head in heads if head.node.server.name == found.holder)
    match target, holder.storage:
        case _, ShareFacts(names=names, mark=mark):
            return replace(found, entries=names, begun_from=mark_of(mark).get("origin", ""))
        case BlockDevice(), BlockDeviceFacts() as device:
            if NEW_STORAGE in device.mounted_at:
                return await _mounted(fleet, holder, found)
            # What is on the disk of one that is in use, or was when its head lost power, is not what it holds.
            if device.filesystem != "ext4" or device.needs_recovery:
                return found
            return await _on_device(fleet, holder, found, target.path)
        case DrbdDisk(), _:
            return await _on_mirror(fleet, heads, found, device_of(target))
        case _:
            return found


async def _on_device(fleet: Fleet, holder: HeadFacts, found: MoveFacts, path: str) -> MoveFacts:
    listing, mark = root_folder(path), mark_on(path)
    replies = await _ask(fleet, holder, (listing, mark))
    said = replies[mark]
    begun = mark_of(said.text) if isinstance(said, CommandResult) else {}
    return replace(found, entries=entries_of(replies[listing]), begun_from=begun.get("origin", ""))


async def _on_mirror(fleet: Fleet, heads: Heads, found: MoveFacts, device: str) -> MoveFacts:
    """Only the head that may write to it can read it: what it holds shows once it is mounted."""
    tree = device_tree(device)
    answers = await asyncio.gather(*(_ask(fleet, head, (tree,)) for head in heads))
    places = {
        head.node.server.name: mounted_at(said[tree]) for head, said in zip(heads, answers, strict=True)
    }
    found = replace(
        found,
        in_use=tuple(
            f"{name}: {one}" for name, every in places.items() for one in every if one != NEW_STORAGE
        ),
    )
    holder = next(head for head in heads if head.node.server.name == found.holder)
    return await _mounted(fleet, holder, found) if NEW_STORAGE in places[found.holder] else found


async def _mounted(fleet: Fleet, holder: HeadFacts, found: MoveFacts) -> MoveFacts:
    """An earlier run has left it mounted."""
    replies = await _ask(fleet, holder, (LISTING, MARK_FILE))
    begun = mark_in(replies[MARK_FILE])
    return replace(found, entries=names_in(replies[LISTING]), begun_from=begun.get("origin", ""))


def _is_same_mirror(former: str, heads: Heads, settings: ClusterSettings, profile: Profile) -> bool:
    """Another name of the device that DRBD makes of the same resource."""
    managed = (mirror_in(head.cib, profile.resources.filestorage_drbd) for head in heads)
    wanted = resource_of(settings.filestorage, heads)
    return former.startswith(_DRBD) and bool(wanted) and wanted in managed


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
