"""Network interfaces of one server as the kernel reports them, and what lies below an interface.

Records, for `status` needs them beside `cluster_view`.
"""

from __future__ import annotations

from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOND, TEAM, BRIDGE = "bond", "team", "bridge"
# They stand on one interface, which the kernel names; a veth names its other end in the same place.
_ON_ANOTHER = ("vlan", "macvlan", "macvtap", "ipvlan")
# Bridges have virtual machines and containers as ports, too; these lead to no switch.
_LEADS_NOWHERE = ("veth", "tun", "dummy", "ifb")


class Monitoring(Record):
    """How a bond finds out that an interface of it has failed; 0 and nothing where that is not used.

    `missed` is how many answers to ARP may be missing; `lacp_rate` is empty outside of 802.3ad.
    """

    miimon_ms: int = 0
    updelay_ms: int = 0
    downdelay_ms: int = 0
    arp_interval_ms: int = 0
    arp_missed: int = 0
    arp_targets: tuple[str, ...] = ()
    lacp_rate: str = ""


class BondState(Record):
    """What a bond says about itself; `partner` is the switch's address in LACP, `aggregator` the number in use."""

    mode: str
    active: str = ""
    monitoring: Monitoring = Monitoring()
    aggregator: int = 0
    partner: str = ""


class Interface(Record):
    """One interface (`ip -json -details address`); `addresses` are IPv4, each with the length of its prefix.

    `carrier` is what the driver says; `works` is what the bond above says, and the same where there is none.
    """

    name: str
    kind: str = ""
    master: str = ""
    lower: str = ""
    mtu: int = 0
    carrier: bool = True
    works: bool = True
    addresses: tuple[tuple[str, int], ...] = ()
    bond: BondState | None = None
    aggregator: int = 0


def holder_of(address: str, interfaces: Sequence[Interface]) -> Interface | None:
    """The interface with this address."""
    return next((one for one in interfaces if any(address == own for own, _ in one.addresses)), None)


def ports_of(owner: Interface, interfaces: Sequence[Interface]) -> tuple[Interface, ...]:
    """Interfaces that belong to this bond, team or bridge, in the kernel's order."""
    return tuple(one for one in interfaces if one.master == owner.name)


def ways_down(top: Interface, interfaces: Sequence[Interface]) -> Iterator[tuple[Interface, ...]]:
    """Every way from this interface to a bond, a team or a plain interface: the first element is `top`."""
    for lower in _below(top, interfaces):
        for way in ways_down(lower, interfaces):
            yield (top, *way)
    if not _below(top, interfaces):
        yield (top,)


def _below(top: Interface, interfaces: Sequence[Interface]) -> tuple[Interface, ...]:
    if top.kind == BRIDGE:
        return tuple(one for one in ports_of(top, interfaces) if one.kind not in _LEADS_NOWHERE)
    if top.kind in _ON_ANOTHER:
        return tuple(one for one in interfaces if one.name == top.lower)
    return ()
