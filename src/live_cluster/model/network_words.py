"""What is below a ring, as a sentence's part: `status` and `check` show it."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.interface import TEAM
from live_cluster.model.network_scheme import Bond, Port, Ring


def name_of(ring: Ring) -> str:
    """The interface with the address, and the bond below where that is another one."""
    below = ring.bond.name if ring.bond else ring.stack[-1][0]
    return ring.interface if below == ring.interface else f"{ring.interface} ({below})"


def way_of(bond: Bond | None, patience_ms: int) -> Message:
    """Mode, interfaces, monitoring, and how quick it is beside the cluster's own patience (0: not known)."""
    if bond is None or not bond.ports:
        return message("way-plain")
    ports = _port(bond.ports[-1])
    for port in reversed(bond.ports[:-1]):
        ports = message("way-and", first=_port(port), rest=ports)
    if bond.kind == TEAM:
        return message("way-team", ports=ports)
    return message("way-bond", mode=bond.state.mode, ports=ports, watch=_in_time(bond, patience_ms))


def _in_time(bond: Bond, patience_ms: int) -> Message:
    watch = _watch(bond)
    if bond.failover_ms is None:
        return watch
    seconds = seconds_of(bond.failover_ms)
    if not patience_ms:
        return message("watch-time", watch=watch, seconds=seconds)
    return message("watch-times", watch=watch, seconds=seconds, patience=seconds_of(patience_ms))


def seconds_of(milliseconds: int) -> str:
    """As people write them: 1.05, 5.25, 3."""
    return f"{milliseconds / 1000:g}"


def _port(port: Port) -> Message:
    if not port.works:
        return message("port-failed", port=port.name)
    return message("port-carries" if port.carries else "port-waits", port=port.name)


def _watch(bond: Bond) -> Message:
    watch = bond.state.monitoring
    if watch.arp_interval_ms:
        targets = ", ".join(watch.arp_targets)
        return message("watch-arp", interval=watch.arp_interval_ms, targets=targets)
    if not watch.miimon_ms:
        return message("watch-nothing")
    if watch.lacp_rate:
        partner = bond.state.partner
        return message("watch-lacp", interval=watch.miimon_ms, rate=watch.lacp_rate, partner=partner)
    return message("watch-miimon", interval=watch.miimon_ms)
