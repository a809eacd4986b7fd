"""Which bonds of this node have lost an interface, by the kernel's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from live_cluster_agent.bonds import degraded_bonds


def kernel(folder: Path, states: dict[str, str]) -> str:
    """The files of two bonds, bond0 with eth0 and eth2, bond1 with eth1 and eth3."""
    (folder / "bonding_masters").write_text("bond0 bond1\n")
    for bond, ports in (("bond0", "eth0 eth2"), ("bond1", "eth1 eth3")):
        (folder / bond / "bonding").mkdir(parents=True)
        (folder / bond / "bonding" / "slaves").write_text(f"{ports}\n")
        for port in ports.split():
            (folder / port / "bonding_slave").mkdir(parents=True)
            if states.get(port) != "gone":
                status = states.get(port, "up")
                (folder / port / "bonding_slave" / "mii_status").write_text(f"{status}\n")
    return str(folder)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, ""),
        ({"eth2": "down"}, "bond0:eth2:eth0"),
        ({"eth2": "going back"}, "bond0:eth2:eth0"),
        ({"eth0": "down", "eth1": "down"}, "bond0:eth0:eth2 bond1:eth1:eth3"),
        ({"eth0": "down", "eth2": "down"}, ""),
        ({"eth3": "gone"}, ""),
    ],
)
def test_degraded_bonds(states: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert degraded_bonds(kernel(tmp_path, states)) == expected


def test_a_server_without_bonds_has_nothing_to_tell(tmp_path: Path) -> None:
    assert degraded_bonds(str(tmp_path)) == ""
