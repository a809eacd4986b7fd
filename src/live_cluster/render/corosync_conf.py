"""corosync.conf(5) for two heads with one or two knet links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.ownership import OWNED

CLUSTER_NAME = "live-cluster"
# After the token's loss Corosync asks for this long who is left, every 50 ms; a head that lives answers at once.
# The article allows 0.75 x token. Corosync's default of 1.2 x token made the detection 6.4-6.6 s at token 3000, and
# 600 ms 3.5 s (measured). corosync.conf(5) allows less than token for two nodes; an arbiter is no member of
# the ring. Never less than twelve questions; a token made longer for a slow network also leaves time for answers.
LEAST_CONSENSUS_MS = 600
CONSENSUS_PER_TOKEN = 0.2
PROVIDER = "corosync_votequorum"
# The daemons refuse heartbeats below 1000 ms, and a heartbeat is 0.8 of the time-out.
LEAST_DEVICE_TIMEOUT_MS = 1250
# heuristics_min_timeout of corosync-qdevice(8).
LEAST_HEURISTICS_MS = 1000
HEURISTICS_EVERY_MS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CorosyncNode:
    """One voter: name, number, one address per link."""

    name: str
    number: int
    links: tuple[IPv4Address, ...]


def is_ours(text: str) -> bool:
    """Does this corosync.conf belong to a cluster made by live-cluster?"""
    return f"cluster_name: {CLUSTER_NAME}\n" in text


def consensus_ms(token_ms: int) -> int:
    """How long to wait for agreement on a new membership, in milliseconds."""
    return max(LEAST_CONSENSUS_MS, round(CONSENSUS_PER_TOKEN * token_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumDevice:
    """The third vote: where it is, and the program that says whether this head should win a tie."""

    host: IPv4Address
    tie_break: str


def device_timeout_ms(token_ms: int) -> int:
    """How long a silent arbiter, or a silent head seen from the arbiter, is waited for.

    corosync-qdevice sends a heartbeat each 0.8 of this, and qnetd gives a head up after 1.5 heartbeats. So at token
    3000 the dead head is given up 0.8 to 2.4 s after its end, and the arbiter answers the survivor's question as
    soon as the membership asks it; with Corosync's own 10 s the survivor acted 3 to 5 s later. The daemons
    accept no heartbeat below 1000 ms.
    """
    return max(LEAST_DEVICE_TIMEOUT_MS, token_ms * 2 // 3)


def arbiter_address(text: str) -> IPv4Address | None:
    """The arbiter in a corosync.conf; None where there is none."""
    device = re.search(r"^\s*device\s*\{.*?^\s*host:\s*(\S+)", text, re.MULTILINE | re.DOTALL)
    try:
        return IPv4Address(device[1]) if device else None
    except ValueError:
        return None


def quorum_keys(device: QuorumDevice | None, *, token_ms: int) -> dict[str, str]:
    """What stands below `quorum.` in Corosync's own memory (corosync-cmapctl(8)) when the file has been read."""
    if device is None:
        return {"quorum.provider": PROVIDER, "quorum.two_node": "1"}
    timeout = device_timeout_ms(token_ms)
    return {
        "quorum.provider": PROVIDER,
        "quorum.device.model": "net",
        "quorum.device.votes": "1",
        "quorum.device.timeout": str(timeout),
        # While the membership changes, this long for the arbiter's answer before going on without its vote.
        "quorum.device.sync_timeout": str(2 * timeout),
        "quorum.device.net.host": str(device.host),
        "quorum.device.net.algorithm": "ffsplit",
        "quorum.device.net.tls": "required",
        "quorum.device.net.force_ip_version": "4",
        # Asked whenever the membership or the connection changes, and now and then: a head that was promoted after
        # the last change has become the one that should keep the vote.
        "quorum.device.heuristics.mode": "on",
        # Half of the time-outs above, as corosync-qdevice(8) has it, but never less than it accepts.
        "quorum.device.heuristics.timeout": str(max(LEAST_HEURISTICS_MS, timeout // 2)),
        "quorum.device.heuristics.sync_timeout": str(timeout),
        "quorum.device.heuristics.interval": str(HEURISTICS_EVERY_MS),
        "quorum.device.heuristics.exec_data": device.tie_break,
    }


def corosync_conf(
    nodes: tuple[CorosyncNode, ...],
    *,
    token_ms: int,
    token_retransmits: int,
    device: QuorumDevice | None = None,
) -> str:
    """The whole file; names in the node list make Pacemaker independent of later host names."""
    return "\n".join(
        [
            OWNED,
            *_totem(len(nodes[0].links), token_ms=token_ms, token_retransmits=token_retransmits),
            "",
            *_nodelist(nodes),
            "",
            *_section(quorum_keys(device, token_ms=token_ms)),
            "",
            "logging {",
            "    to_stderr: no",
            "    to_syslog: yes",
            "    to_logfile: yes",
            "    logfile: /var/log/corosync/corosync.log",
            "    timestamp: hires",
            "}",
            "",
        ]
    )


def _totem(links: int, *, token_ms: int, token_retransmits: int) -> list[str]:
    lines = [
        "totem {",
        "    version: 2",
        f"    cluster_name: {CLUSTER_NAME}",
        "    transport: knet",
        "    crypto_cipher: aes256",
        "    crypto_hash: sha256",
        "    # How long before declaring a token lost (ms)",
        f"    token: {token_ms}",
        "    # How many token retransmits before forming a new configuration",
        f"    token_retransmits_before_loss_const: {token_retransmits}",
        "    # Together with token this is the time until a failed server is noticed (ms)",
        f"    consensus: {consensus_ms(token_ms)}",
        "    link_mode: passive",
    ]
    for link in range(links):
        # The public network first: the secondary one is for replication.
        lines += [
            "    interface {",
            f"        linknumber: {link}",
            f"        knet_link_priority: {10 - link}",
            "    }",
        ]
    return [*lines, "}"]


def _nodelist(nodes: tuple[CorosyncNode, ...]) -> list[str]:
    lines = ["nodelist {"]
    for node in nodes:
        lines += ["    node {", f"        name: {node.name}", f"        nodeid: {node.number}"]
        lines += [f"        ring{link}_addr: {address}" for link, address in enumerate(node.links)]
        lines += ["    }"]
    return [*lines, "}"]


def _section(keys: dict[str, str]) -> list[str]:
    """Dotted keys as nested sections of corosync.conf(5), in their order."""
    lines: list[str] = []
    inside: list[str] = []
    for key, value in keys.items():
        *path, name = key.split(".")
        common = 0
        while common < min(len(path), len(inside)) and path[common] == inside[common]:
            common += 1
        while len(inside) > common:
            inside.pop()
            lines.append("    " * len(inside) + "}")
        for part in path[common:]:
            lines.append("    " * len(inside) + f"{part} {{")
            inside.append(part)
        lines.append("    " * len(inside) + f"{name}: {value}")
    while inside:
        inside.pop()
        lines.append("    " * len(inside) + "}")
    return lines
