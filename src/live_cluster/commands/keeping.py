"""How many records of runs and set-aside files are kept: enough to look back, not enough to fill a disk."""

from __future__ import annotations

import asyncio
import re

from live_cluster.apply.fleet import Fleet
from live_cluster.errors import Unreachable
from live_cluster.remote.executor import Server
from live_cluster.remote.requests import Command, CommandResult

STATE = "/var/lib/live-cluster"
HISTORY, SET_ASIDE = f"{STATE}/history", f"{STATE}/set-aside"
KEPT_RUNS = 50
_OF_A_RUN = re.compile(r"\d{8}-\d{6}(?:\.json)?")


async def forget_old_runs(fleet: Fleet) -> None:
    """Remove what is older than the last runs: records on this head, configuration files on every server."""
    places = [(server, SET_ASIDE) for server in fleet.servers.values()]
    places.append((fleet.servers[fleet.local], HISTORY))
    await asyncio.gather(*(_forget(server, folder) for server, folder in places))


async def _forget(server: Server, folder: str) -> None:
    try:
        listing = await server.ask(listing_of(folder))
        old = surplus(listing.text.split()) if isinstance(listing, CommandResult) and listing.ok else ()
        if old:
            paths = (f"{folder}/{name}" for name in old)
            await server.ask(Command(argv=("rm", "-r", "-f", "--", *paths), changes_node=True))
    except Unreachable:
        # The run has its own sentence about that; the next one tidies up.
        return


def listing_of(folder: str) -> Command:
    """Names of what is in a folder, one per line."""
    return Command(argv=("ls", "-1", "--", folder))


def surplus(names: list[str]) -> tuple[str, ...]:
    """Which runs to forget: neither the latest nor the very first, which has the files as we found them."""
    runs = sorted(name for name in names if _OF_A_RUN.fullmatch(name))
    return tuple(runs[1:-KEPT_RUNS])
