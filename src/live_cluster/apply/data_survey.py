"""Both heads' databases compared, where no cluster says whose data is the latest."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from live_cluster.apply.fleet import Fleet
from live_cluster.apply.move_survey import Heads
from live_cluster.model.data_sides import DataSide
from live_cluster.model.facts import HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.probes.data_sides import data_side, end_of, end_request, side_requests


async def with_data_sides(fleet: Fleet, heads: Heads, profile: Profile) -> Heads:
    """Costs nothing where a cluster is there: its agents know."""
    resource = f'id="{profile.resources.database_clone}"'.encode()
    if any(resource in head.cib for head in heads):
        return heads
    port = profile.database.port
    first, second = await asyncio.gather(*(_with_side(fleet, head, port) for head in heads))
    return first, second


async def _with_side(fleet: Fleet, head: HeadFacts, port: int) -> HeadFacts:
    if len(head.database.versions) != 1:
        return head
    side = await _side(fleet, head.node.server.name, head.database.versions[0], port)
    return replace(head, database=replace(head.database, side=side))


async def _side(fleet: Fleet, node: str, version: str, port: int) -> DataSide | None:
    server = fleet.servers[node]
    requests = side_requests(version, port=port)
    replies = dict(zip(requests, await server.ask_all(requests), strict=True))
    side = data_side(node, version, replies, port=port)
    question = None if side is None else end_request(version, side, replies)
    if side is None or question is None:
        return side
    (reply,) = await server.ask_all((question,))
    return replace(side, end=end_of(reply))
