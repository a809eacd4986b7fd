"""docs/network.md: a server that is set up as the page says has these bonds, and goes on without a cable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_lab import Host, Lab, Scheme, wait_until

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

GUIDE = (Path(__file__).parents[2] / "docs/network.md").read_text("utf-8")
NETWORKD, IFUPDOWN = Path("/etc/systemd/network"), Path("/etc/network/interfaces")
# A path in backquotes, a colon, an empty line, and the indented text of the file.
_FILE = re.compile(r"`(/etc/[^`]+)`:\n\n((?:    .*\n|\n(?=    ))+)")
DEADLINE_S = 900.0


def files_of_the_guide(folder: Path) -> dict[Path, str]:
    """Path to content."""
    found = {Path(path): re.sub("^    ", "", text, flags=re.MULTILINE) for path, text in _FILE.findall(GUIDE)}
    return {path: text for path, text in found.items() if path.is_relative_to(folder)}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="bonds", media=0, scheme=Scheme.FULL, with_product=False) as lab:
        yield lab


def boot_with(head: Host, files: dict[Path, str], *commands: str) -> None:
    """Nothing of the lab's own settings is left but what gives the interfaces their names."""
    head.run(("find", str(NETWORKD), "-name", "*.net*", "-delete"))
    for path, text in files.items():
        head.write(str(path), text)
    head.run(("sh", "-ec", "; ".join(commands)))
    head.shut_down()
    head.power_on()
    wait_until(lambda: "bond1" in bonds(head), deadline_s=DEADLINE_S, what="the bonds are made", every_s=1.0)


def bonds(head: Host) -> dict[str, dict[str, str]]:
    """What the kernel says of each bond; of what it says of every interface, only the first's."""
    script = 'cd /proc/net/bonding && for bond in *; do echo "= $bond"; cat $bond; done'
    answer = head.run(("sh", "-c", script), check=False).stdout
    found: dict[str, dict[str, str]] = {}
    for block in answer.split("= ")[1:]:
        name, _, text = block.partition("\n")
        pairs = (line.split(": ", 1) for line in text.splitlines() if ": " in line)
        found[name] = {}
        for word, value in pairs:
            found[name].setdefault(word, value)
        found[name]["slaves"] = " ".join(sorted(re.findall(r"^Slave Interface: (.*)$", text, re.MULTILINE)))
    return found


def answers(head: Host, address: str) -> bool:
    return head.run(("ping", "-q", "-c1", "-W2", address), check=False).returncode == 0


def reached(head: Host, *addresses: str) -> None:
    for address in addresses:
        wait_until(
            lambda address=address: answers(head, address),  # type: ignore[misc]
            deadline_s=DEADLINE_S,
            what=f"{head.name} reaches {address}",
        )


def assert_as_promised(lab: Lab) -> None:
    head = lab.heads[0]
    reached(head, "10.81.0.254", "10.81.0.2", "10.81.1.2")
    first, second = (bonds(head)[name] for name in ("bond0", "bond1"))
    assert sorted(bonds(head)) == ["bond0", "bond1"]
    for bond, slaves in ((first, "eth0 eth2"), (second, "eth1 eth3")):
        assert bond["Bonding Mode"] == "fault-tolerance (active-backup)"
        assert bond["slaves"] == slaves
    assert first["ARP Polling Interval (ms)"] == "300"
    assert first["ARP IP target/s (n.n.n.n form)"] == "10.81.0.254"
    assert first["Primary Slave"] == "None"
    assert second["MII Polling Interval (ms)"] == "100"
    assert second["Primary Slave"].startswith("eth1 ")
    assert second["Currently Active Slave"] == "eth1"
    addresses = head.run(("ip", "-brief", "-4", "address")).stdout.split()
    assert {"10.81.0.1/24", "10.81.1.1/24"} <= set(addresses)
    assert "default via 10.81.0.254 dev bond0" in head.run(("ip", "route")).stdout
    # And it does its work.
    used = wait_until(
        lambda: bonds(head)["bond0"]["Currently Active Slave"].replace("None", ""),
        deadline_s=DEADLINE_S,
        what="an interface is used",
    )
    lab.cut(head.name, used)
    try:
        wait_until(
            lambda: bonds(head)["bond0"]["Currently Active Slave"] not in ("None", used),
            deadline_s=DEADLINE_S,
            what="the other interface is used",
        )
        reached(lab.heads[1], "10.81.0.1")
    finally:
        lab.heal(head.name, used)


def test_the_files_for_systemd_networkd(lab: Lab) -> None:
    files = files_of_the_guide(NETWORKD)
    assert len(files) == 7
    boot_with(lab.heads[0], files, "systemctl enable systemd-networkd.service")
    assert_as_promised(lab)


def test_the_stanzas_for_ifupdown(lab: Lab) -> None:
    files = files_of_the_guide(IFUPDOWN)
    assert len(files) == 1
    disable = "systemctl disable systemd-networkd.service systemd-networkd.socket"
    boot_with(lab.heads[0], files, disable, "systemctl enable networking.service")
    assert (
        lab.heads[0].run(("systemctl", "is-active", "systemd-networkd"), check=False).stdout.strip()
        != "active"
    )
    assert_as_promised(lab)
