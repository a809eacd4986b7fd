"""The heads' networks in words, for `status`."""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.network_scheme import Network, Ring
from live_cluster.model.network_words import name_of, way_of

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from live_cluster.cli.output import Output
    from live_cluster.model.membership import Link


def network_lines(network: Network | None, links: Sequence[Link], output: Output) -> Iterator[str]:
    """The scheme, and a line for each ring; yellow where something of a bond does not work."""
    if network is None:
        return
    scheme = message(f"scheme-{network.scheme.value}")
    yield output.words(message("status-network", node=network.node, scheme=scheme))
    states = {link.number: link.connected for link in links}
    for ring in network.rings:
        connected = states.get(ring.number)
        is_whole = connected is not False and not (ring.bond and ring.bond.failed)
        line = _ring(ring, connected, network.patience_ms, output)
        yield output.styled(line, "" if is_whole else "yellow")


def _ring(ring: Ring, connected: bool | None, patience_ms: int, output: Output) -> str:  # noqa: FBT001
    if not ring.interface:
        return output.words(message("status-ring-nowhere", number=ring.number, address=ring.address))
    link = {True: "link-connected", False: "link-cut", None: "link-unknown"}[connected]
    line = message(
        "status-ring",
        number=ring.number,
        interface=name_of(ring),
        address=ring.address,
        link=message(link),
        way=way_of(ring.bond, patience_ms),
        mtu=ring.mtu,
    )
    return output.words(line)
