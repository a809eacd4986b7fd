"""/etc/hosts: every server resolves every cluster name to a real address."""

from __future__ import annotations

from ipaddress import IPv4Address

from live_cluster.model.facts import ServerName
from live_cluster.render.ownership import lines_of, with_block, without_block


def hosts_file(present: str, servers: tuple[ServerName, ...]) -> str:
    """The present file with our block; other lines lose only the cluster's names.

    Debian writes `127.0.1.1 HOSTNAME`: a cluster name that resolves to a loopback address would make services
    listen where no other server reaches them.
    """
    names = {server.name for server in servers}
    kept = "".join(_without(names, line) for line in lines_of(without_block(present)))
    return with_block(kept, "\n".join(f"{server.address}\t{server.name}" for server in servers))


def hosts_file_of_former(present: str, own: IPv4Address) -> str:
    """The present file of a server that left, without our block; its own name, which it keeps, still resolves."""
    rest = without_block(present)
    if rest == present:
        return present
    kept = set(lines_of(rest))
    own_entry = (line for line in lines_of(present) if line.split()[:1] == [str(own)] and line not in kept)
    end = "" if not rest or rest.endswith("\n") else "\n"
    return rest + end + "".join(own_entry)


def _without(names: set[str], line: str) -> str:
    """The line without these names; nothing where no other name is left."""
    entry, mark, comment = line.partition("#")
    address, *aliases = entry.split() or [""]
    remaining = [alias for alias in aliases if alias.lower() not in names]
    if len(remaining) == len(aliases):
        return line
    if not remaining:
        return ""
    return f"{address}\t{' '.join(remaining)}" + (f" {mark}{comment}" if mark else "\n")
