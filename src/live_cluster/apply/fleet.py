"""All servers of a run: connections, the lock on both heads, the record of what was asked of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from live_cluster.apply.run_lock import LOCK
from live_cluster.errors import Busy, CommandFailed, LiveClusterError, Problem, Unreachable, problem
from live_cluster.model.facts import Role, ServerName
from live_cluster.probes.node import ADDRESSES, addresses
from live_cluster.remote.executor import Server
from live_cluster.remote.local_channel import open_local
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    HoldLock,
    Refused,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
    WriteTogether,
)
from live_cluster.remote.ssh import Credentials, open_ssh


async def own_addresses() -> frozenset[IPv4Address]:
    """Addresses of the machine we are on."""
    here = await open_local("here")
    try:
        reply = await here.ask(ADDRESSES)
    finally:
        await here.close()
    text = reply.text if isinstance(reply, CommandResult) else ""
    return frozenset(one.interface.ip for one in addresses(text))


@dataclass(slots=True)
class Fleet:
    """Connected servers by cluster name; `local` is the one we are on."""

    servers: dict[str, Server]
    local: str
    transcript: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for server in self.servers.values():
            server.watch = self._note

    def add(self, server: Server) -> None:
        """One more, which was connected later."""
        server.watch = self._note
        self.servers[server.name] = server

    async def lock(self, names: Sequence[str], note: str) -> None:
        """Refuse a second run at the same time (D4): the kernel frees the locks when this run ends, however."""
        problems: list[Problem] = []
        for name in names:
            reply = await self.servers[name].ask(HoldLock(path=LOCK, note=note))
            if isinstance(reply, Refused) and not reply.held_by:
                raise CommandFailed(problem("file-failed", node=name, path=LOCK, reason=reply.reason))
            if isinstance(reply, Refused):
                problems.append(problem("run-in-progress", node=name, holder=reply.held_by))
        if problems:
            raise Busy(*problems)

    async def close(self) -> None:
        """End all executors; a server that is gone already does not matter any more."""
        await asyncio.gather(*(server.close() for server in self.servers.values()), return_exceptions=True)

    def _note(self, node: str, request: Request, reply: Reply) -> None:
        """A line that could be typed by hand; contents and inputs are left out, for they may be secret."""
        stamp = time.strftime("%H:%M:%S", time.localtime())
        match request:
            case Command() if request.changes_node:
                code = reply.returncode if isinstance(reply, CommandResult) else "?"
                self.transcript.append(f"{stamp} {node}: {request} -> {code}")
            case WriteFile() | RemoveFile():
                verb = "write" if isinstance(request, WriteFile) else "remove"
                outcome = reply.reason if isinstance(reply, Refused) else "done"
                self.transcript.append(f"{stamp} {node}: {verb} {request.path} -> {outcome}")
            case WriteTogether():
                outcome = reply.reason if isinstance(reply, Refused) else "done"
                paths = " ".join(one.path for one in request.files)
                self.transcript.append(f"{stamp} {node}: write {paths} -> {outcome}")
            case _:
                pass


async def connect(names: Sequence[ServerName], credentials: Credentials) -> Fleet:
    """All servers at once; every one that cannot be reached is named in one error."""
    here = await own_addresses()
    local = next((one.name for one in names if one.role is Role.HEAD and one.address in here), "")
    if not local:
        raise Unreachable(problem("not-on-a-head", addresses=", ".join(str(one) for one in sorted(here))))

    async def open_one(server: ServerName) -> Server:
        if server.name == local:
            return await open_local(server.name)
        return await open_ssh(server.name, str(server.address), credentials)

    opened = await asyncio.gather(*(open_one(server) for server in names), return_exceptions=True)
    connected = {one.name: one for one in opened if isinstance(one, Server)}
    failures = [one for one in opened if isinstance(one, BaseException)]
    fleet = Fleet(connected, local)
    if failures:
        await fleet.close()
        unexpected = [one for one in failures if not isinstance(one, LiveClusterError)]
        if unexpected:
            raise unexpected[0]
        raise Unreachable(
            *(found for one in failures if isinstance(one, LiveClusterError) for found in one.problems)
        )
    return fleet
