"""The heads' networks in the JSON forms of `status` and `check`."""

from __future__ import annotations

from live_cluster.model.interface import TEAM
from live_cluster.model.network_scheme import Bond, Network, Ring

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from live_cluster.model.membership import Link


def network_json(network: Network | None, links: Sequence[Link]) -> dict[str, object] | None:
    """None where this server's networks are not known; `switches` is what no server can see."""
    if network is None:
        return None
    states = {link.number: link.connected for link in links}
    return {
        "node": network.node,
        "scheme": network.scheme.value,
        "switches": "unknown",
        "patience_ms": network.patience_ms or None,
        "rings": [{**ring_json(ring), "connected": states.get(ring.number)} for ring in network.rings],
    }


def ring_json(ring: Ring) -> dict[str, object]:
    """One ring and what is below; the interface is null where none has the address."""
    return {
        "number": ring.number,
        "address": ring.address,
        "peer": ring.peer or None,
        "interface": ring.interface or None,
        "mtu": ring.mtu or None,
        "nics": list(ring.nics),
        "bond": None if ring.bond is None else _bond(ring.bond),
    }


def _bond(bond: Bond) -> dict[str, object]:
    watch = bond.state.monitoring
    known = bond.kind != TEAM
    return {
        "name": bond.name,
        "kind": bond.kind,
        "mode": bond.state.mode or None,
        "miimon_ms": watch.miimon_ms if known else None,
        "updelay_ms": watch.updelay_ms if known else None,
        "downdelay_ms": watch.downdelay_ms if known else None,
        "arp_interval_ms": watch.arp_interval_ms if known else None,
        "arp_targets": list(watch.arp_targets) if known else None,
        "lacp_rate": watch.lacp_rate or None,
        "lacp_partner": bond.state.partner or None,
        "failover_ms": bond.failover_ms,
        "ports": [
            {"name": one.name, "works": one.works, "in_use": one.carries, "mtu": one.mtu}
            for one in bond.ports
        ],
    }
