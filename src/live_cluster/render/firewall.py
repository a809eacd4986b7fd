"""The cluster's fragment for the product's firewall (C7): the servers of this cluster, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.ownership import OWNED

# corosync.conf(5): knet uses one UDP port for each link, from 5405 upwards.
COROSYNC_PORTS = "5405:5412"
# corosync-qnetd(8), on the arbiter.
ARBITER_PORT = "5403"
# The file storage's share (smb.conf(5): smb ports).
SMB_PORT = 445
COMMENT = "live-cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a server is, as far as its firewall is concerned."""

    is_head: bool = False
    is_arbiter: bool = False
    has_files: bool = True
    drbd_ports: tuple[int, ...] = ()


def filter_fragment(
    part: Part, *, heads: tuple[IPv4Address, ...], media: tuple[IPv4Address, ...], database_port: int
) -> str:
    """iptables-restore(8) lines: SSH, database, files for all; Corosync, DRBD, the arbiter for the heads."""
    lines = [OWNED.rstrip()]
    peers = (*heads, *media)
    lines += [_accept(peer, "tcp", "22") for peer in peers]
    if part.is_arbiter:
        lines += [_accept(head, "tcp", ARBITER_PORT) for head in heads]
        lines += [_drop("tcp", ARBITER_PORT)]
    if part.is_head:
        lines += [_accept(peer, "tcp", str(database_port)) for peer in peers]
        lines += [_accept(head, "udp", COROSYNC_PORTS) for head in heads]
        if part.has_files:
            lines += [_accept(peer, "tcp", str(SMB_PORT)) for peer in peers]
        lines += [_accept(head, "tcp", str(port)) for port in part.drbd_ports for head in heads]
        lines += [_drop("tcp", str(database_port)), _drop("udp", COROSYNC_PORTS)]
        lines += [_drop("tcp", str(port)) for port in part.drbd_ports]
        lines += [_drop("tcp", str(SMB_PORT))] if part.has_files else []
    return "\n".join(lines) + "\n"


def opens_to_all(fragment: str, port: int) -> bool:
    """Does another fragment accept `port` from everywhere, as the article's prerequisite 8 advises?"""
    return any(
        line.startswith("-A INPUT")
        and f"--dport {port} " in line + " "
        and line.rstrip().endswith("-j ACCEPT")
        and " -s " not in line
        for line in fragment.splitlines()
    )


def _accept(source: IPv4Address, protocol: str, port: str) -> str:
    return (
        f"-A INPUT -s {source}/32 -p {protocol} -m {protocol} --dport {port} "
        f"-m comment --comment {COMMENT} -j ACCEPT"
    )


def _drop(protocol: str, port: str) -> str:
    return (
        f"-A INPUT ! -i lo -p {protocol} -m {protocol} --dport {port} -m comment --comment {COMMENT} -j DROP"
    )
