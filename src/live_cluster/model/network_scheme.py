"""Which of the article's network schemes one head has, as far as a server can see it.

Full: two networks, each over a bond of two or more interfaces. Partial: two networks, but a bond is missing. None:
one network. Whether the interfaces of a bond lead to two switches is known to no server: with all of a bond on one
switch, what looks like the full scheme is the partial one.
"""

from __future__ import annotations

from live_cluster.model.interface import (
    BOND,
    TEAM,
    BondState,
    Interface,
    Monitoring,
    holder_of,
    ports_of,
    ways_down,
)
from live_cluster.record import Choice, Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# IEEE 802.1AX: three messages may be missing, one comes every 30 s or every second.
LACP_SILENCE_MS = {"slow": 90_000, "fast": 3_000}
LACP_MODE = "802.3ad"


class Scheme(Choice):
    """The article's words; UNKNOWN where an address of the cluster is on no interface."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    UNKNOWN = "unknown"


class Port(Record):
    """One interface of a bond: does the bond use it, and does it carry now (active, or in the aggregate)?"""

    name: str
    works: bool
    carries: bool
    mtu: int


class Bond(Record):
    """Several interfaces that are one; of a team (teamd) the kernel knows neither mode nor monitoring."""

    name: str
    kind: str
    ports: tuple[Port, ...]
    mtu: int = 0
    state: BondState = BondState("")

    @property
    def working(self) -> tuple[str, ...]:
        """Interfaces that can carry."""
        return tuple(one.name for one in self.ports if one.works)

    @property
    def failed(self) -> tuple[str, ...]:
        """Interfaces that cannot."""
        return tuple(one.name for one in self.ports if not one.works)

    @property
    def failover_ms(self) -> int | None:
        """How long a failed interface may go unnoticed, at the most; None: for ever, or not known (team).

        Bonding looks at each ARP interval and allows `missed` and a half of them since the last answer: 300 ms with
        2 took 0.6 to 0.8 s (measured). In LACP a switch may also fall silent with its ports up.
        """
        watch = self.state.monitoring
        if watch.arp_interval_ms:
            return watch.arp_interval_ms * (2 * watch.arp_missed + 3) // 2
        if not watch.miimon_ms:
            return None
        carrier = watch.miimon_ms + watch.downdelay_ms
        return max(carrier, LACP_SILENCE_MS.get(watch.lacp_rate, 0))


class Ring(Record):
    """One of the cluster's networks as this head reaches it; without an interface where none has the address.

    `stack` are the interfaces from that with the address down, each with its MTU; `nics` are those at the bottom.
    """

    number: int
    address: str
    peer: str
    interface: str = ""
    network: str = ""
    stack: tuple[tuple[str, int], ...] = ()
    nics: tuple[str, ...] = ()
    bond: Bond | None = None
    carrier: bool = False

    @property
    def mtu(self) -> int:
        """Of the interface with the address; 0 where there is none."""
        return self.stack[0][1] if self.stack else 0

    @property
    def is_redundant(self) -> bool:
        """It survives the loss of an interface or a cable, once all of them work."""
        return self.bond is not None and len(self.bond.ports) > 1


class Network(Record):
    """The networks of one head; `patience_ms`: a head silent for longer is given up (0: not known)."""

    node: str
    rings: tuple[Ring, ...]
    patience_ms: int = 0

    @property
    def shared_nics(self) -> tuple[str, ...]:
        """Interfaces that more than one ring needs."""
        used = [name for ring in self.rings for name in ring.nics]
        return tuple(dict.fromkeys(name for name in used if used.count(name) > 1))

    @property
    def scheme(self) -> Scheme:
        """By what is set up, whether it works now or not."""
        if not all(ring.interface for ring in self.rings):
            return Scheme.UNKNOWN
        if len(self.rings) < 2 or self.shared_nics:
            return Scheme.NONE
        return Scheme.FULL if all(ring.is_redundant for ring in self.rings) else Scheme.PARTIAL


class Wanted(Record):
    """A ring as Corosync is told, or is to be told: its number, this head's address and the other one's."""

    number: int
    address: str
    peer: str


def ring_on(wanted: Wanted, interfaces: Sequence[Interface]) -> Ring:
    """Where this server has the ring's address, and what is below."""
    top = holder_of(wanted.address, interfaces)
    if top is None:
        return Ring(wanted.number, wanted.address, wanted.peer)
    ways = tuple(ways_down(top, interfaces))
    bonds = [_bond(way[-1], interfaces) for way in ways if way[-1].kind in (BOND, TEAM)]
    # A bridge over several of them is no redundancy that we know how to judge.
    bond = bonds[0] if len(ways) == 1 and bonds else None
    nics = [name for way in ways for name in _names(ports_of(way[-1], interfaces) or (way[-1],))]
    return Ring(
        number=wanted.number,
        address=wanted.address,
        peer=wanted.peer,
        interface=top.name,
        network=next(_network(own, length) for own, length in top.addresses if own == wanted.address),
        stack=tuple(dict.fromkeys((one.name, one.mtu) for way in ways for one in way)),
        nics=tuple(dict.fromkeys(nics)),
        bond=bond,
        carrier=top.carrier,
    )


def _names(interfaces: Sequence[Interface]) -> list[str]:
    return [one.name for one in interfaces]


def _bond(owner: Interface, interfaces: Sequence[Interface]) -> Bond:
    state = owner.bond or BondState("", monitoring=Monitoring())
    return Bond(
        name=owner.name,
        kind=owner.kind,
        ports=tuple(
            Port(one.name, works=one.works, carries=one.works and _carries(one, state), mtu=one.mtu)
            for one in ports_of(owner, interfaces)
        ),
        mtu=owner.mtu,
        state=state,
    )


def _carries(port: Interface, state: BondState) -> bool:
    if state.mode == LACP_MODE:
        return port.aggregator == state.aggregator
    return state.active in ("", port.name)


def _network(address: str, length: int) -> str:
    """The subnet, without the module ipaddress, which takes 4 ms to load."""
    value = int.from_bytes(bytes(int(part) for part in address.split(".")), "big")
    start = value >> (32 - length) << (32 - length)
    return ".".join(str(part) for part in start.to_bytes(4, "big")) + f"/{length}"
