"""/etc/hosts: every server resolves every cluster name to a real address."""

from __future__ import annotations

from live_cluster.model.facts import ServerName
from live_cluster.render.ownership import with_block, without_block


def hosts_file(present: str, servers: tuple[ServerName, ...]) -> str:
    """The present file with our block; other lines lose only the cluster's names.

    Debian writes `127.0.1.1 HOSTNAME`: a cluster name that resolves to a loopback address would make services
    listen where no other server reaches them.
    """
    names = {server.name for server in servers}
    kept = []
    for line in without_block(present).splitlines():
        address, *aliases = line.split("#", 1)[0].split() or [""]
        remaining = [alias for alias in aliases if alias not in names]
        if address and aliases and len(remaining) < len(aliases):
            if remaining:
                kept.append(f"{address}\t{' '.join(remaining)}")
            continue
        kept.append(line)
    block = "\n".join(f"{server.address}\t{server.name}" for server in servers)
    return with_block("".join(line + "\n" for line in kept), block)
