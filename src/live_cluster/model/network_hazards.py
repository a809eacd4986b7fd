"""What of a head's networks is worth a warning while everything still runs."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.network_scheme import LACP_MODE, Bond, Network, Ring, Scheme
from live_cluster.model.network_words import seconds_of

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_PARTNER = "00:00:00:00:00:00"


def hazards_of(network: Network | None) -> Iterator[Message]:
    """First what has failed, then what was set up wrong; each names this head. Nothing where nothing is known."""
    if network is None:
        return
    bonds = {ring.bond.name: ring.bond for ring in network.rings if ring.bond is not None}
    for bond in bonds.values():
        yield from _failed(bond, network.node)
    for ring in network.rings:
        if not ring.interface:
            yield message("network-no-address", node=network.node, number=ring.number, address=ring.address)
        yield from _mtu(ring, network.node)
    for bond in bonds.values():
        yield from _weak(bond, network)
    yield from _together(network)


def hazards_told(node: str, told: str) -> Iterator[Message]:
    """What the database agent on that head says of its bonds (the agent's module bonds)."""
    for words in told.split():
        bond, failed, left = (*words.split(":"), "", "")[:3]
        names = {"failed": failed.replace(",", ", "), "left": left.replace(",", ", ")}
        yield message("network-bond-degraded", node=node, bond=bond, **names)


def _failed(bond: Bond, node: str) -> Iterator[Message]:
    place = {"node": node, "bond": bond.name}
    if bond.ports and not bond.working:
        yield message("network-bond-dead", ports=", ".join(bond.failed), **place)
    elif bond.failed:
        names = {"failed": ", ".join(bond.failed), "left": ", ".join(bond.working)}
        yield message("network-bond-degraded", **names, **place)


def _weak(bond: Bond, network: Network) -> Iterator[Message]:
    place = {"node": network.node, "bond": bond.name}
    if len(bond.ports) < 2:
        yield message("network-one-port", ports=", ".join(one.name for one in bond.ports) or "-", **place)
    if not bond.state.mode:
        return
    if bond.failover_ms is None:
        yield message("network-unwatched", **place)
    elif bond.failover_ms > network.patience_ms > 0:
        yield message(
            "network-slow",
            seconds=seconds_of(bond.failover_ms),
            patience=seconds_of(network.patience_ms),
            how=_how_to_be_quick(bond),
            **place,
        )
    if bond.state.mode == LACP_MODE:
        yield from _lacp(bond, place)


def _how_to_be_quick(bond: Bond) -> Message:
    watch = bond.state.monitoring
    if watch.arp_interval_ms:
        return message("network-quick-arp")
    if bond.failover_ms == watch.miimon_ms + watch.downdelay_ms:
        return message("network-quick-miimon")
    return message("network-quick-lacp")


def _lacp(bond: Bond, place: dict[str, str]) -> Iterator[Message]:
    apart = [one.name for one in bond.ports if one.works and not one.carries]
    if bond.working and bond.state.partner == _NO_PARTNER:
        yield message("network-lacp-silent", **place)
    elif apart:
        yield message("network-lacp-apart", ports=", ".join(apart), **place)


def _mtu(ring: Ring, node: str) -> Iterator[Message]:
    """A frame that is larger than what lies below allows is lost without a word."""
    levels = list(ring.stack)
    bond = ring.bond
    if bond is not None:
        levels += [(one.name, one.mtu) for one in bond.ports]
    smallest = min(levels, key=lambda level: level[1], default=("", 0))
    if smallest[1] < ring.mtu:
        yield message(
            "network-mtu",
            node=node,
            interface=ring.interface,
            mtu=ring.mtu,
            lower=smallest[0],
            lower_mtu=smallest[1],
        )


def _together(network: Network) -> Iterator[Message]:
    if network.shared_nics and network.scheme is Scheme.NONE:
        yield message("network-shared", node=network.node, nics=", ".join(network.shared_nics))
    networks = [ring.network for ring in network.rings if ring.network]
    if len(networks) > len(set(networks)):
        yield message("network-one-subnet", node=network.node, network=networks[0])
