"""A closer look at the file storage: questions that follow from the first answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from live_cluster.apply.fleet import Fleet
from live_cluster.apply.move_survey import Heads, move_facts
from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.drbd import PORT, RESOURCE
from live_cluster.model.facts import HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.storage_move import FormerMirror, MoveFacts
from live_cluster.plan.mounts import resource_of
from live_cluster.probes.block_device import closer_facts, closer_requests
from live_cluster.probes.drbd_setup import CONFIGURED, resources_in
from live_cluster.remote.requests import CommandResult, Reply, Request
from live_cluster.render.cib_storage import mirror_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Closer:
    """Both heads with what the second answers say, and what is left behind by this run."""

    heads: Heads
    move: MoveFacts | None
    former_mirror: FormerMirror | None


async def looked_closer(fleet: Fleet, heads: Heads, settings: ClusterSettings, profile: Profile) -> Closer:
    """Costs nothing where nothing more is to be known."""
    (first, second), move, former_mirror = await asyncio.gather(
        asyncio.gather(*(_one(fleet, head, settings) for head in heads)),
        move_facts(fleet, heads, settings, profile),
        _former_mirror(fleet, heads, settings, profile),
    )
    return Closer(heads=(first, second), move=move, former_mirror=former_mirror)


async def _one(fleet: Fleet, head: HeadFacts, settings: ClusterSettings) -> HeadFacts:
    device = head.storage
    if not isinstance(device, BlockDeviceFacts):
        return head
    requests = closer_requests(device, may_format=settings.storage_orders.may_format)
    if not requests:
        return head
    replies = await _ask(fleet, head, requests)
    return replace(head, storage=closer_facts(device, replies))


async def _former_mirror(
    fleet: Fleet, heads: Heads, settings: ClusterSettings, profile: Profile
) -> FormerMirror | None:
    """By the cluster's configuration; one that an administrator has made is known to DRBD alone."""
    identity = profile.resources.filestorage_drbd
    found = next((name for head in heads if (name := mirror_in(head.cib, identity))), "")
    if profile.filestorage is None or settings.filestorage is None or not found:
        return None
    if found == resource_of(settings.filestorage, heads):
        return None
    ours = tuple(
        (head.node.server.name, head.left.mirrored_disk) for head in heads if head.left.mirrored_disk
    )
    if found == RESOURCE and ours:
        return FormerMirror(resource=found, is_ours=True, ports=(PORT,), disks=ours)
    answers = await asyncio.gather(*(_ask(fleet, head, (CONFIGURED,)) for head in heads))
    seen = {
        head.node.server.name: next(
            (one for one in resources_in(_text(said[CONFIGURED])) if one.name == found), None
        )
        for head, said in zip(heads, answers, strict=True)
    }
    return FormerMirror(
        resource=found,
        is_ours=False,
        ports=next((one.ports for one in seen.values() if one is not None), ()),
        disks=tuple((name, " / ".join(one.disks)) for name, one in seen.items() if one is not None),
    )


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""


async def _ask(fleet: Fleet, head: HeadFacts, requests: tuple[Request, ...]) -> Mapping[Request, Reply]:
    replies = await fleet.servers[head.node.server.name].ask_all(requests)
    return dict(zip(requests, replies, strict=True))
