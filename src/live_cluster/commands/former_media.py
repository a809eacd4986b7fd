"""Media servers that this run removes: cleaned up where they can be reached; of the others is said what stays."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address

from live_cluster.access.login import explain_refusal
from live_cluster.access.site_key import SiteSecret
from live_cluster.apply.fleet import Fleet
from live_cluster.errors import Problem, Unreachable, warning
from live_cluster.model.facts import Role, ServerName
from live_cluster.model.settings import ClusterSettings
from live_cluster.probes.node import ADDRESSES, addresses
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import CommandResult
from live_cluster.remote.ssh import Credentials, open_ssh


def former_servers(settings: ClusterSettings) -> tuple[ServerName, ...]:
    """They have no number any more, so their address is their name. One that stays as the arbiter is not one."""
    heads = {address for head in settings.heads for address in (head.address, head.secondary)}
    return tuple(
        ServerName(name=str(address), address=address, role=Role.FORMER, number=0)
        for address in settings.removed_media
        if address not in heads and address != settings.arbiter
    )


async def join_if_there(
    fleet: Fleet, servers: Sequence[ServerName], credentials: Credentials, secret: SiteSecret
) -> tuple[Problem, ...]:
    """Connects those that can be reached; the run does not depend on any of them."""
    if not servers:
        return ()
    staying = {address for one in fleet.servers.values() for address in await _addresses(one)}

    async def join(server: ServerName) -> Unreachable | None:
        try:
            opened = await open_ssh(server.name, str(server.address), credentials)
            own = await _addresses(opened)
        except Unreachable as error:
            return error
        # A server that only got another address answers at the old one, too, for a while.
        if own & staying:
            await opened.close()
        else:
            fleet.add(opened)
        return None

    async def told(server: ServerName) -> Problem | None:
        error = await join(server)
        if error is None:
            return None
        # A second look, which costs time only where something is wrong, finds out why.
        address = str(server.address)
        found = await explain_refusal(server.name, address, credentials, own_fingerprint=secret.fingerprint)
        reason = (found or error.problems[0]).message
        return warning("media-server-left", node=server.name, reason=reason)

    return tuple(one for one in await asyncio.gather(*map(told, servers)) if one is not None)


async def _addresses(server: Server) -> frozenset[IPv4Address]:
    reply = await server.ask(ADDRESSES)
    text = reply.text if isinstance(reply, CommandResult) else ""
    return frozenset(one.interface.ip for one in addresses(text))
