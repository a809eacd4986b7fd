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
        if argv[0] == "ip":
            text = (RECORDINGS / f"{self.interfaces}.json").read_text()
        elif argv[0] == "corosync-cfgtool":
            text = LINKS.format(second=self.second)
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


def told(found: Finding) -> str:
    return render(found.subject, "en") + render(found.detail, "en")


def test_each_ring_is_tried_with_frames_of_the_full_size(tmp_path: Path) -> None:
    kernel = Kernel()
    scheme, first, second = kernel.findings(tmp_path)
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
    _, *rings = kernel.findings(tmp_path)
    assert [one.facts["state"] for one in rings] == states
    assert [one.good for one in rings] == [state in ("passes", "untried") for state in states]


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
