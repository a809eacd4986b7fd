"""corosync.conf(5) for two heads with one or two knet links."""

from __future__ import annotations

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


def corosync_conf(nodes: tuple[CorosyncNode, ...], *, token_ms: int, token_retransmits: int) -> str:
    """The whole file; names in the node list make Pacemaker independent of later host names."""
    lines = [
        OWNED,
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
    for link in range(len(nodes[0].links)):
        # The public network first: the secondary one is for replication.
        lines += [
            "    interface {",
            f"        linknumber: {link}",
            f"        knet_link_priority: {10 - link}",
            "    }",
        ]
    lines += ["}", "", "nodelist {"]
    for node in nodes:
        lines += ["    node {", f"        name: {node.name}", f"        nodeid: {node.number}"]
        lines += [f"        ring{link}_addr: {address}" for link, address in enumerate(node.links)]
        lines += ["    }"]
    lines += [
        "}",
        "",
        "quorum {",
        "    provider: corosync_votequorum",
        "    two_node: 1",
        "}",
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
    return "\n".join(lines)
