"""`check --network` beside tools that answer as recorded ones did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from live_cluster.cli.check_cli import CHECKS, document
from live_cluster.commands.check import Finding, Tools
from live_cluster.commands.check_network import check_network
from live_cluster.errors import NotReady
from live_cluster.messages import render
from live_cluster.remote.local import Completed
from live_cluster.render.corosync_conf import CorosyncNode, corosync_conf

RECORDINGS = Path(__file__).parents[1] / "recordings/network"
LINKS = """Local node ID 1, transport knet
nodeid: 2 reachable
   LINK: 0 udp (10.90.0.1->10.90.0.2) enabled connected mtu: 1397
   LINK: 1 udp (10.90.1.1->10.90.1.2) enabled {second} mtu: 1397
"""


@dataclass
class Kernel:
    """The tools of ivcs-main-1; `passes` is the largest ping that comes back by each network."""

    interfaces: str = "full"
    passes: tuple[int, int] = (1472, 1472)
    second: str = "connected"
    blocked: tuple[str, ...] = ()
    # Exit codes of a connection: 0 opened, 1 refused, 124 no answer at all.
    ssh: int = 0
    postgresql: int = 0
    pings: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self,
        argv: tuple[str, ...],
        *,
        stdin: bytes = b"",  # noqa: ARG002
        timeout_s: float = 60,  # noqa: ARG002
        check: bool = False,  # noqa: ARG002
    ) -> Completed:
        code, text = 0, ""
        if argv[:4] == ("ip", "-4", "route", "get"):
            text = f"{argv[4]} dev bond0 src {argv[-1]}\n"
        elif argv[0] == "ip":
            text = (RECORDINGS / f"{self.interfaces}.json").read_text()
        elif argv[0] == "corosync-cfgtool":
            text = LINKS.format(second=self.second)
        elif argv[0] == "arping":
            code = int("arp" in self.blocked)
        elif argv[0] == "timeout":
            code = {"22": self.ssh, "5432": self.postgresql}[argv[-1]]
        else:
            assert argv[0] == "ping"
            self.pings.append(argv)
            ring = int(argv[-1].split(".")[2])
            code = 0 if int(argv[argv.index("-s") + 1]) <= self.passes[ring] else 1
        return Completed(argv=argv, returncode=code, stdout=text.encode(), stderr=b"")

    def findings(self, folder: Path) -> list[Finding]:
        nodes = tuple(
            CorosyncNode(
                name=f"ivcs-main-{n}",
                number=n,
                links=(IPv4Address(f"10.90.0.{n}"), IPv4Address(f"10.90.1.{n}")),
            )
            for n in (1, 2)
        )
        conf = folder / "corosync.conf"
        conf.write_text(corosync_conf(nodes, token_ms=3000, token_retransmits=10))
        return list(check_network(Tools(run=self.run), corosync_conf=conf))


def rings(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.facts["check"] == "network-ring"]


def signs(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.facts["check"] == "network-protocols"]


def told(found: Finding) -> str:
    return render(found.subject, "en") + render(found.detail, "en")


def test_each_ring_is_tried_with_frames_of_the_full_size(tmp_path: Path) -> None:
    kernel = Kernel()
    found = kernel.findings(tmp_path)
    scheme = found[0]
    first, second = rings(found)
    assert scheme.good
    assert first.good
    assert second.good
    assert scheme.facts == {"check": "network", "node": "ivcs-main-1", "scheme": "full"}
    assert "full redundancy" in told(scheme)
    assert told(second) == (
        "network, ring 1: bond1 10.90.1.1, active-backup: eth1 (in use), eth3 (ready); miimon 100 ms; "
        "fails over within 0.2 s (the cluster waits 3.6 s); MTU 1500, frames of that size reach 10.90.1.2"
    )
    assert [(argv[-2], argv[-1]) for argv in kernel.pings] == [
        ("10.90.0.1", "10.90.0.2"),
        ("10.90.1.1", "10.90.1.2"),
    ]
    assert all("do" in argv for argv in kernel.pings)


@pytest.mark.parametrize(
    ("kernel", "states"),
    [
        (Kernel(passes=(1472, 1400)), ["passes", "lost"]),
        (Kernel(passes=(1472, -1), second="disconnected"), ["passes", "cut"]),
        # What lets pings through and nothing of Corosync's: a packet filter.
        (Kernel(second="disconnected"), ["passes", "unlinked"]),
        (Kernel(passes=(1472, -1)), ["passes", "untried"]),
        (Kernel(interfaces="full-bond-down"), ["dead", "passes"]),
    ],
)
def test_what_is_wrong_with_a_ring_is_told(kernel: Kernel, states: list[str], tmp_path: Path) -> None:
    found = rings(kernel.findings(tmp_path))
    assert [one.facts["state"] for one in found] == states
    assert [one.good for one in found] == [state in ("passes", "untried") for state in states]


@pytest.mark.parametrize(
    ("kernel", "blocked"),
    [
        (Kernel(), {}),
        (Kernel(passes=(-1, 1472)), {"icmp": "silent"}),
        (Kernel(blocked=("arp",)), {"arp": "silent"}),
        (Kernel(ssh=124), {"ssh": "silent"}),
        (Kernel(postgresql=1), {"postgresql": "refused"}),
    ],
)
def test_a_filter_that_lets_only_some_signs_of_life_through_is_found(
    kernel: Kernel, blocked: dict[str, str], tmp_path: Path
) -> None:
    first, _ = signs(kernel.findings(tmp_path))
    protocols = first.facts["protocols"]
    assert isinstance(protocols, dict)
    assert {name: state for name, state in protocols.items() if state != "passes"} == blocked
    assert set(protocols) == {"icmp", "arp", "corosync", "ssh", "postgresql"}
    assert first.good is not bool(blocked)
    assert ("but not by" in told(first)) is bool(blocked)


def test_corosync_and_pings_lost_while_tcp_passes_is_a_filter_and_no_cable(tmp_path: Path) -> None:
    kernel = Kernel(passes=(1472, -1), second="disconnected")
    found = kernel.findings(tmp_path)
    assert [one.facts["state"] for one in rings(found)] == ["passes", "cut"]
    assert "but not by ICMP echo, UDP 5405 (Corosync)" in told(signs(found)[1])


def test_where_nothing_gets_through_the_cable_is_named_once(tmp_path: Path) -> None:
    kernel = Kernel(passes=(1472, -1), second="disconnected", blocked=("arp",), ssh=124, postgresql=124)
    assert [one.facts["ring"] for one in signs(kernel.findings(tmp_path))] == [0]


def test_a_degraded_bond_is_a_warning_while_everything_runs(tmp_path: Path) -> None:
    found = Kernel(interfaces="full-port-down").findings(tmp_path)
    assert all(one.good for one in found)
    assert [one.code for one in found[0].warnings] == ["network-bond-degraded"]
    written = json.loads(json.dumps(document(found, None)))
    assert (written["good"], written["problems"][0]["node"]) == (True, "ivcs-main-1")


def test_without_a_cluster_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as failure:
        list(check_network(Tools(run=Kernel().run), corosync_conf=tmp_path / "none"))
    assert [one.code for one in failure.value.problems] == ["check-no-network"]
    assert CHECKS["network"] is check_network
