"""Who reaches whom, over which network, with which protocol, in which direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

KNET, ICMP, ARP, DATABASE, SSH = "knet", "icmp", "arp", "tcp5432", "tcp22"
ARBITER_PORT = "tcp5403"
PROTOCOLS = (KNET, ICMP, ARP, DATABASE, SSH, ARBITER_PORT)
CLIENT, DIRECT = "client", "direct"
NETWORKS = (CLIENT, DIRECT)
HEADS = ("main-1", "main-2")
ARBITER, GATEWAY, MEDIA = "arbiter", "gateway", "media"
# Heads are on both networks, everybody else on the clients' one.
INTERFACES = {CLIENT: "bond0", DIRECT: "bond1"}
ADDRESSES = {
    "10.0.0.1": ("main-1", CLIENT),
    "10.1.0.1": ("main-1", DIRECT),
    "10.0.0.2": ("main-2", CLIENT),
    "10.1.0.2": ("main-2", DIRECT),
    "10.0.0.254": (GATEWAY, CLIENT),
}
Hop = tuple[str, str, str, str]


def address_of(host: str, network: str) -> str:
    """A host's address in a network."""
    return next(address for address, place in ADDRESSES.items() if place == (host, network))


class Network:
    """What is blocked, and by how many faults: (source, target, network, protocol)."""

    def __init__(self) -> None:
        self.blocked: Counter[Hop] = Counter()
        # Interfaces without a carrier, by head and network.
        self.unplugged: set[tuple[str, str]] = set()
        self.on_change: list[Callable[[], None]] = []

    def block(self, hops: Iterable[Hop]) -> None:
        """Let these get lost from now on."""
        self.blocked.update(hops)
        self._tell()

    def open(self, hops: Iterable[Hop] | None = None) -> None:
        """Let these pass again, or everything."""
        self.blocked = Counter() if hops is None else self.blocked - Counter(hops)
        if hops is None:
            self.unplugged.clear()
        self._tell()

    def _tell(self) -> None:
        for call in self.on_change:
            call()

    def answers(self, source: str, target: str, protocol: str, network: str) -> bool:
        """Whether a question and its answer pass."""
        if not self.blocked:
            return True
        there = (source, target, network, protocol)
        back = (target, source, network, protocol)
        return there not in self.blocked and back not in self.blocked

    def path(self, source: str, target: str, protocol: str) -> str | None:
        """The first network over which question and answer pass."""
        shared = NETWORKS if source in HEADS and target in HEADS else (CLIENT,)
        return next((one for one in shared if self.answers(source, target, protocol, one)), None)


def hops(
    source: str,
    target: str,
    *,
    networks: Iterable[str] = NETWORKS,
    protocols: Iterable[str] = PROTOCOLS,
    one_way: bool = False,
) -> set[Hop]:
    """What a cut between two hosts blocks."""
    chosen = tuple(protocols)
    pairs = [(source, target)] if one_way else [(source, target), (target, source)]
    return {(one, other, net, protocol) for one, other in pairs for net in networks for protocol in chosen}


def unplugged(head: str, networks: Iterable[str] = NETWORKS) -> set[Hop]:
    """What is blocked when a head's cables are out."""
    others = [one for one in (*HEADS, ARBITER, GATEWAY, MEDIA) if one != head]
    return {hop for other in others for hop in hops(head, other, networks=networks)}
