"""What the kernel says about interfaces in, the article's scheme and warnings out.

The recordings were made in a User-mode Linux machine with Debian's kernel 6.1 and iproute2 6.1: real bonds.
"""

from __future__ import annotations

import io
import json
import os
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from live_cluster.cli.network_json import network_json
from live_cluster.cli.network_text import network_lines
from live_cluster.cli.output import Output
from live_cluster.messages import Message
from live_cluster.model.interface import BondState, Interface, Monitoring
from live_cluster.model.membership import Link
from live_cluster.model.network_hazards import hazards_of
from live_cluster.model.network_scheme import Bond, Network, Scheme
from live_cluster.probes.interfaces import network_of, parse_interfaces
from live_cluster.render.corosync_conf import CorosyncNode, corosync_conf

GOLDEN = Path(__file__).parent / "golden" / "network"
RECORDINGS = Path(__file__).parents[2] / "recordings" / "network"
LINKS = tuple(
    Link(number=n, local_address=f"10.90.{n}.1", remote_address=f"10.90.{n}.2", connected=True)
    for n in (0, 1)
)
Interfaces = tuple[Interface, ...]


def conf(*, rings: int = 2, token_ms: int = 3000) -> str:
    nodes = tuple(
        CorosyncNode(
            name=f"ivcs-main-{number}",
            number=number,
            links=tuple(IPv4Address(f"10.90.{ring}.{number}") for ring in range(rings)),
        )
        for number in (1, 2)
    )
    return corosync_conf(nodes, token_ms=token_ms, token_retransmits=10)


def interfaces(name: str) -> Interfaces:
    return parse_interfaces((RECORDINGS / f"{name}.json").read_text())


def network(seen: str | Interfaces, *, rings: int = 2, token_ms: int = 3000) -> Network:
    found = network_of(
        conf(rings=rings, token_ms=token_ms), interfaces(seen) if isinstance(seen, str) else seen
    )
    assert found is not None
    return found


def bond(seen: Network, ring: int = 0) -> Bond:
    found = seen.rings[ring].bond
    assert found is not None
    return found


def hazards(seen: Network) -> list[str]:
    return [one.code for one in hazards_of(seen)]


def changed(seen: Interfaces, name: str, **fields: object) -> Interfaces:
    return tuple(one._replace(**fields) if one.name == name else one for one in seen)


def watched(seen: Interfaces, name: str, **fields: object) -> Interfaces:
    (state,) = [one.bond for one in seen if one.name == name and one.bond is not None]
    return changed(seen, name, bond=state._replace(monitoring=Monitoring(**fields)))


@pytest.mark.parametrize(
    ("name", "rings", "scheme", "expected"),
    [
        ("full", 2, Scheme.FULL, []),
        ("full-port-down", 2, Scheme.FULL, ["network-bond-degraded"]),
        ("full-bond-down", 2, Scheme.FULL, ["network-bond-dead", "network-bond-degraded"]),
        ("vlan-and-bridge", 2, Scheme.FULL, ["network-bond-dead"]),
        ("partial", 2, Scheme.PARTIAL, []),
        ("none", 1, Scheme.NONE, []),
        ("team", 1, Scheme.NONE, []),
        ("lacp", 1, Scheme.NONE, ["network-slow"]),
        ("lacp-two-switches", 1, Scheme.NONE, ["network-slow", "network-lacp-apart"]),
        ("lacp-no-partner", 1, Scheme.NONE, ["network-slow", "network-lacp-silent"]),
    ],
)
def test_recorded_servers_have_these_schemes(
    name: str, rings: int, scheme: Scheme, expected: list[str]
) -> None:
    seen = network(name, rings=rings)
    assert seen.node == "ivcs-main-1"
    assert seen.scheme is scheme
    assert hazards(seen) == expected


def test_a_bond_is_read_whole() -> None:
    seen = network("full")
    public, private = bond(seen, 0), bond(seen, 1)
    assert public.state == BondState(
        mode="active-backup",
        active="eth2",
        monitoring=Monitoring(arp_interval_ms=300, arp_missed=2, arp_targets=("10.90.0.254",)),
    )
    assert [(one.name, one.works, one.carries, one.mtu) for one in public.ports] == [
        ("eth0", True, False, 1500),
        ("eth2", True, True, 1500),
    ]
    assert private.state.monitoring == Monitoring(
        miimon_ms=100, updelay_ms=200, downdelay_ms=100, arp_missed=2
    )
    assert seen.rings[0].nics == ("eth0", "eth2")
    assert seen.rings[1].network == "10.90.1.0/24"
    assert seen.patience_ms == 3600


def test_vlans_and_bridges_are_followed_down_to_the_bond() -> None:
    public, private = network("vlan-and-bridge").rings
    assert (public.interface, public.stack) == ("bond0.100", (("bond0.100", 1500), ("bond0", 1500)))
    assert (private.interface, private.nics) == ("br1", ("eth1", "eth3"))
    assert private.bond is not None
    assert private.bond.name == "bond1"


def test_a_virtual_machine_at_the_bridge_changes_nothing() -> None:
    seen = (*interfaces("vlan-and-bridge"), Interface("vnet0", kind="tun", master="br1", mtu=1500))
    assert network(seen).rings == network("vlan-and-bridge").rings


def test_a_bridge_over_two_bonds_is_no_bond() -> None:
    seen = changed(interfaces("vlan-and-bridge"), "bond0", master="br1", kind="bond")
    ring = network(seen).rings[1]
    assert ring.bond is None
    assert set(ring.nics) == {"eth0", "eth1", "eth2", "eth3"}


@pytest.mark.parametrize(
    ("watch", "milliseconds"),
    [
        ({"miimon_ms": 100}, 100),
        ({"miimon_ms": 100, "updelay_ms": 5000}, 100),
        ({"miimon_ms": 100, "downdelay_ms": 200}, 300),
        ({"arp_interval_ms": 300, "arp_missed": 2}, 1050),
        ({"arp_interval_ms": 1000, "arp_missed": 3}, 4500),
        ({"miimon_ms": 100, "lacp_rate": "fast"}, 3000),
        ({"miimon_ms": 100, "lacp_rate": "slow"}, 90_000),
        ({}, None),
    ],
)
def test_the_time_until_a_failed_interface_is_noticed(
    watch: dict[str, int], milliseconds: int | None
) -> None:
    seen = network(watched(interfaces("full"), "bond0", **watch))
    assert bond(seen).failover_ms == milliseconds


@pytest.mark.parametrize(
    ("watch", "token_ms", "expected"),
    [
        ({"arp_interval_ms": 1000, "arp_missed": 2}, 3000, []),
        ({"arp_interval_ms": 1200, "arp_missed": 2}, 3000, [("network-slow", "network-quick-arp")]),
        ({"arp_interval_ms": 1200, "arp_missed": 2}, 5000, []),
        ({"miimon_ms": 100, "downdelay_ms": 9000}, 3000, [("network-slow", "network-quick-miimon")]),
        ({"miimon_ms": 100, "lacp_rate": "slow"}, 3000, [("network-slow", "network-quick-lacp")]),
        ({"miimon_ms": 100, "lacp_rate": "fast"}, 3000, []),
        ({"miimon_ms": 100, "lacp_rate": "fast"}, 1000, [("network-slow", "network-quick-lacp")]),
        ({}, 3000, [("network-unwatched", "")]),
    ],
)
def test_a_bond_must_be_quicker_than_the_cluster(
    watch: dict[str, int], token_ms: int, expected: list[tuple[str, str]]
) -> None:
    seen = network(watched(interfaces("full"), "bond0", **watch), token_ms=token_ms)
    assert [(one.code, _how(one)) for one in hazards_of(seen)] == expected


def _how(one: Message) -> str:
    how = dict(one.fields).get("how")
    return how.code if isinstance(how, Message) else ""


def test_a_bond_of_one_interface_protects_from_nothing() -> None:
    seen = network(changed(interfaces("full"), "eth3", master=""))
    assert seen.scheme is Scheme.PARTIAL
    assert hazards(seen) == ["network-one-port"]


def test_two_rings_over_one_bond_are_one_network() -> None:
    seen = [one for one in interfaces("full") if one.name != "bond1"]
    vlan = Interface("bond0.7", kind="vlan", lower="bond0", mtu=1500, addresses=(("10.90.1.1", 24),))
    found = network((*seen, vlan))
    assert found.scheme is Scheme.NONE
    assert hazards(found) == ["network-shared"]


def test_two_rings_in_one_subnet_are_told() -> None:
    seen = changed(interfaces("full"), "bond0", addresses=(("10.90.0.1", 16),))
    assert hazards(network(changed(seen, "bond1", addresses=(("10.90.1.1", 16),)))) == ["network-one-subnet"]


@pytest.mark.parametrize(
    ("name", "mtu", "expected"),
    [("eth2", 1400, ["network-mtu"]), ("bond0", 9000, ["network-mtu"]), ("eth2", 9000, [])],
)
def test_what_is_below_must_take_the_frames_from_above(name: str, mtu: int, expected: list[str]) -> None:
    assert hazards(network(changed(interfaces("full"), name, mtu=mtu))) == expected


def test_an_address_that_is_gone_is_told() -> None:
    seen = network(changed(interfaces("full"), "bond1", addresses=()))
    assert seen.scheme is Scheme.UNKNOWN
    assert hazards(seen) == ["network-no-address"]


@pytest.mark.parametrize("text", ["", "[", '[{"ifname": "eth0"', "Cannot open netlink socket", "[{}]"])
def test_no_answer_is_no_interface(text: str) -> None:
    assert parse_interfaces(text) == ()


def test_a_server_that_corosync_does_not_know_has_no_network() -> None:
    assert network_of("", interfaces("full")) is None
    assert network_of(conf(), ()) is None


def test_the_whole_answer_is_understood_as_the_module_json_does() -> None:
    for path in RECORDINGS.glob("*.json"):
        names = [link["ifname"] for link in json.loads(path.read_text())]
        assert [one.name for one in parse_interfaces(path.read_text())] == names


SHOWN = ("full", "full-port-down", "partial", "lacp", "team", "vlan-and-bridge")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", SHOWN)
def test_status_shows_it_in_lines(name: str, language: str) -> None:
    """UPDATE_GOLDEN=1 writes the texts anew; read the difference before committing it."""
    golden = GOLDEN / f"{name}.{language}.txt"
    seen = network(name, rings=1 if name in ("lacp", "team") else 2)
    output = Output(out=io.StringIO(), environment={"LANG": language})
    shown = "\n".join(network_lines(seen, LINKS, output)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, "utf-8")
    assert shown == golden.read_text("utf-8")


def test_status_says_what_is_not_connected_or_not_known() -> None:
    output = Output(out=io.StringIO(), environment={"LANG": "ru_RU.UTF-8"})
    links = (LINKS[0]._replace(connected=False),)
    _, first, second = network_lines(network("full"), links, output)
    assert "связи НЕТ" in first
    assert "состояние связи неизвестно" in second
    assert not list(network_lines(None, links, output))


def test_json_holds_all_of_it() -> None:
    document = network_json(network("full-port-down"), LINKS)
    assert document is not None
    rings = document.pop("rings")
    assert document == {
        "node": "ivcs-main-1",
        "scheme": "full",
        "switches": "unknown",
        "patience_ms": 3600,
    }
    assert isinstance(rings, list)
    assert rings[0] == {
        "number": 0,
        "address": "10.90.0.1",
        "peer": "10.90.0.2",
        "interface": "bond0",
        "mtu": 1500,
        "nics": ["eth0", "eth2"],
        "connected": True,
        "bond": {
            "name": "bond0",
            "kind": "bond",
            "mode": "active-backup",
            "miimon_ms": 0,
            "updelay_ms": 0,
            "downdelay_ms": 0,
            "arp_interval_ms": 300,
            "arp_targets": ["10.90.0.254"],
            "lacp_rate": None,
            "lacp_partner": None,
            "failover_ms": 1050,
            "ports": [
                {"name": "eth0", "works": True, "in_use": True, "mtu": 1500},
                {"name": "eth2", "works": False, "in_use": False, "mtu": 1500},
            ],
        },
    }
    assert network_json(None, LINKS) is None
