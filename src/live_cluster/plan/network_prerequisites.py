"""Bonds, rings and MTU of the two heads: warnings before a run, for none of it keeps the pair from working."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, Severity, warning
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.network_hazards import hazards_of
from live_cluster.model.network_scheme import Network, Wanted, ring_on
from live_cluster.model.settings import ClusterSettings
from live_cluster.render.corosync_conf import consensus_ms


def network_warnings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Problem]:
    """Of each head what `status` will show, and what only a look at both can tell."""
    networks = [_network(facts, settings, index) for index in (0, 1)]
    for network in networks:
        for hazard in hazards_of(network):
            # An address that is not there is an error, and the option is named with it.
            if hazard.code != "network-no-address":
                yield Problem(message=hazard, node=network.node, severity=Severity.WARNING)
    yield from _mtu_differs(*networks)


def _network(facts: ClusterFacts, settings: ClusterSettings, index: int) -> Network:
    node, own, other = facts.heads[index].node, settings.heads[index], settings.heads[1 - index]
    pairs = [(own.address, other.address), (own.secondary, other.secondary)]
    wanted = [Wanted(number, str(one), str(peer)) for number, (one, peer) in enumerate(pairs) if one]
    return Network(
        node.server.name,
        tuple(ring_on(one, node.interfaces) for one in wanted),
        patience_ms=settings.token_ms + consensus_ms(settings.token_ms),
    )


def _mtu_differs(first: Network, second: Network) -> Iterator[Problem]:
    for here, there in zip(first.rings, second.rings, strict=True):
        if here.mtu and there.mtu and here.mtu != there.mtu:
            yield warning(
                "network-mtu-differs",
                node=first.node,
                number=here.number,
                mtu=here.mtu,
                other=second.node,
                other_mtu=there.mtu,
            )
