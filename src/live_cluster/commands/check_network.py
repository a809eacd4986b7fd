"""Do the networks of this head carry what they should? Frames of the full size are sent to the other head.

And everything by which one head knows of the other's life is tried on its own: see check_protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from live_cluster.commands.check import Finding, Tools
from live_cluster.commands.check_protocols import check_protocols
from live_cluster.errors import NotReady, Problem, Severity, problem
from live_cluster.messages import Message, message
from live_cluster.model.membership import Link
from live_cluster.model.network_hazards import hazards_of
from live_cluster.model.network_scheme import Network, Ring
from live_cluster.model.network_words import name_of, way_of
from live_cluster.probes.interfaces import network_of, parse_interfaces
from live_cluster.probes.local_tools import INTERFACES, LINK_TOOL
from live_cluster.probes.membership import parse_links

COROSYNC_CONF = Path("/etc/corosync/corosync.conf")
# IPv4 header and ICMP header.
HEADERS_BYTES = 28


def check_network(tools: Tools, *, corosync_conf: Path = COROSYNC_CONF) -> Iterator[Finding]:
    """A finding for the scheme and one for each ring; NotReady where Corosync does not know this server."""
    text = corosync_conf.read_text("utf-8") if corosync_conf.exists() else ""
    network = network_of(text, parse_interfaces(tools.run(INTERFACES).text))
    if network is None:
        raise NotReady(problem("check-no-network"))
    links = parse_links(tools.run(LINK_TOOL).text)
    yield _scheme(network)
    for ring in network.rings:
        state = _state(ring, links, tools)
        yield _finding(ring, state, network.patience_ms)
        if state not in ("nowhere", "dead"):
            yield from check_protocols(ring, state, links, tools)


def _scheme(network: Network) -> Finding:
    scheme = message(f"scheme-{network.scheme.value}")
    return Finding(
        subject=message("check-network", node=network.node),
        good=True,
        detail=message("check-detail-reason", reason=scheme),
        facts={"check": "network", "node": network.node, "scheme": network.scheme.value},
        warnings=tuple(
            Problem(message=one, node=network.node, severity=Severity.WARNING) for one in hazards_of(network)
        ),
    )


def _finding(ring: Ring, state: str, patience_ms: int) -> Finding:
    good = state in ("passes", "untried")
    return Finding(
        subject=message("check-network-ring", number=ring.number),
        good=good,
        detail=_detail(ring, state, patience_ms),
        facts={
            "check": "network-ring",
            "ring": ring.number,
            "address": ring.address,
            "peer": ring.peer,
            "interface": ring.interface or None,
            "mtu": ring.mtu or None,
            "state": state,
        },
    )


def _detail(ring: Ring, state: str, patience_ms: int) -> Message:
    if state == "nowhere":
        return message("check-ring-nowhere", address=ring.address)
    place = {"interface": name_of(ring), "address": ring.address}
    if state == "dead" and ring.bond is not None:
        return message("check-ring-dead", bond=ring.bond.name, ports=", ".join(ring.bond.failed), **place)
    if state in ("cut", "unlinked"):
        return message(f"check-ring-{state}", peer=ring.peer, **place)
    if state == "lost":
        return message("check-frame-lost", peer=ring.peer, mtu=ring.mtu, **place)
    frame = message(f"check-frame-{state}", peer=ring.peer)
    return message(
        "check-network-way", way=way_of(ring.bond, patience_ms), mtu=ring.mtu, frame=frame, **place
    )


def _state(ring: Ring, links: Sequence[Link], tools: Tools) -> str:
    """nowhere, dead, passes, unlinked (all but Corosync's own link), lost (large frames only), untried, or cut.

    Untried: no answer to pings, but Corosync talks.
    """
    if not ring.interface:
        return "nowhere"
    if ring.bond is not None and ring.bond.ports and not ring.bond.working:
        return "dead"
    talks = [link.connected for link in links if link.number == ring.number]
    if _answers(tools, ring, ring.mtu - HEADERS_BYTES):
        # Where Corosync does not run it has no link to tell of.
        return "passes" if all(talks) else "unlinked"
    if _answers(tools, ring, 0):
        return "lost"
    return "untried" if any(talks) else "cut"


def _answers(tools: Tools, ring: Ring, size_bytes: int) -> bool:
    """Does a packet that may not be taken apart come back within five seconds?"""
    argv = ("ping", "-n", "-q", "-c", "1", "-w", "5", "-M", "do", "-s", str(size_bytes), "-I", ring.address)
    return tools.run((*argv, ring.peer), timeout_s=30).returncode == 0
