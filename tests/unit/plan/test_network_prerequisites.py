"""C15: what of the heads' networks a run warns of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import situation, with_head

from live_cluster.errors import Severity
from live_cluster.model.interface import Interface
from live_cluster.plan.prerequisites import problems_of
from live_cluster.probes.interfaces import parse_interfaces
from recordings.configure.recorded import RELEASES

RECORDINGS = Path(__file__).parents[2] / "recordings/network"


def bonded(name: str, head: int) -> tuple[Interface, ...]:
    """A recorded server's interfaces, with the addresses of this head of the recorded pair."""
    found = []
    for one in parse_interfaces((RECORDINGS / f"{name}.json").read_text()):
        ring = {"10.90.0.1": 0, "10.90.1.1": 1}
        own = [ring[address] for address, _ in one.addresses if address in ring]
        found.append(one._replace(addresses=tuple((f"10.81.{n}.{head}", 24) for n in own)))
    return tuple(found)


def warned(first: tuple[Interface, ...], second: tuple[Interface, ...], **settings: int) -> list[str]:
    now = situation()
    seen = with_head(with_head(now.facts, 1, interfaces=first), 2, interfaces=second)
    now = replace(now, facts=seen, settings=replace(now.settings, **settings))
    problems = problems_of(now)
    assert all(one.severity is Severity.WARNING for one in problems)
    return [f"{one.code} {one.node}" for one in problems]


@pytest.mark.parametrize("release", RELEASES)
def test_the_interfaces_of_every_server_are_seen(release: str) -> None:
    for node in situation(release).facts.nodes:
        assert {one.name for one in node.interfaces} >= {address.nic for address in node.addresses}
        assert all(one.mtu for one in node.interfaces)


def test_two_whole_bonds_give_no_warning() -> None:
    assert warned(bonded("full", 1), bonded("full", 2)) == []


def test_a_degraded_bond_is_told_with_its_head() -> None:
    assert warned(bonded("full", 1), bonded("full-port-down", 2)) == ["network-bond-degraded ivcs-main-2"]


def test_a_bond_is_measured_by_the_token_that_is_wanted() -> None:
    slow = bonded("full", 1)
    assert warned(slow, bonded("full", 2), token_ms=400) == [
        "network-slow ivcs-main-1",
        "network-slow ivcs-main-2",
    ]


def test_heads_with_different_mtu_are_told() -> None:
    jumbo = tuple(
        one._replace(mtu=9000) if one.name in ("bond1", "eth1", "eth3") else one for one in bonded("full", 2)
    )
    assert warned(bonded("full", 1), jumbo) == ["network-mtu-differs ivcs-main-1"]
