"""Virtual machines of the lab keep their promises: own kernel, bonds, power loss that ends the page cache, too."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_remains import traces

from live_lab import Background, Completed, Host, Lab, LabError, Scheme, faults, wait_until
from live_lab.errors import LabCommandTimeout
from live_lab.lab import remove
from live_lab.places import Places
from live_lab.process import run

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

BONDS = ("bond0", "bond1")
DEADLINE_S = 600.0
# The kernel writes nothing back by itself: what is on the disk was written there on request.
LAZY = "sysctl -qw vm.dirty_writeback_centisecs=0 vm.dirty_expire_centisecs=360000"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="vm-lab", scheme=Scheme.FULL, with_product=False) as lab:
        yield lab


def answers(host: Host, address: str) -> bool:
    return host.run(("ping", "-q", "-c1", "-W2", address), check=False).returncode == 0


def reached(host: Host, address: str) -> None:
    wait_until(lambda: answers(host, address), deadline_s=DEADLINE_S, what=f"{host.name} reaches {address}")


def active(host: Host, bond: str) -> str:
    """The interface that carries the bond's traffic; empty where none is connected."""
    return host.read(f"/sys/class/net/{bond}/bonding/active_slave").strip()


def slaves_up(host: Host, bond: str) -> int:
    return host.read(f"/proc/net/bonding/{bond}").partition("Slave Interface")[2].count("MII Status: up")


def wait_for_both_slaves(host: Host) -> None:
    what = f"all interfaces of {host.name} connected"
    wait_until(lambda: [slaves_up(host, bond) for bond in BONDS] == [2, 2], deadline_s=DEADLINE_S, what=what)


def wait_until_left(host: Host, behind: tuple[str, ...]) -> None:
    """None of these interfaces is used, and another one is, in each bond."""
    wait_until(
        lambda: not {active(host, bond) for bond in BONDS} & {"", *behind},
        deadline_s=DEADLINE_S,
        what=f"{host.name} uses others than {behind}",
    )


# -- commands ---------------------------------------------------------------------------------------------------


def test_the_heads_are_machines_and_boot_without_failed_units(lab: Lab) -> None:
    own = run(("uname", "-r")).stdout
    for head in lab.heads:
        assert head.run(("uname", "-r")).stdout != own
        assert head.failed_units() == []
        assert head.wait_booted() == "running"
    assert lab.client.run(("uname", "-r")).stdout == own
    identities = {head.read("/etc/machine-id") for head in lab.heads}
    assert len(identities) == 2
    modules = ("bonding", "drbd", "cifs", "nfs", "dm_snapshot", "softdog")
    lab.heads[0].run(("modprobe", "--all", *modules))


def test_a_command_gets_its_arguments_and_its_input_unchanged(lab: Lab) -> None:
    argument = "a b 'c' \"d\" $e %f \\g Привет\n*"
    script = 'printf %s "$1"; cat; exit 7'
    completed = lab.heads[0].run(("sh", "-c", script, "sh", argument), stdin="Ввод '\"$", check=False)
    assert completed == Completed(returncode=7, stdout=argument + "Ввод '\"$", stderr="")
    missing = lab.heads[0].run(("no-such-command",), check=False)
    assert missing.returncode == 127
    assert "no-such-command: No such file or directory" in missing.stderr


def test_much_input_and_output_at_the_same_time(lab: Lab) -> None:
    content = bytes(range(256)) * 16 * 1024
    checked = lab.heads[0].run(("sh", "-c", "tee /dev/stderr | sha256sum"), stdin=content)
    assert checked.stdout.split()[0] == hashlib.sha256(content).hexdigest()
    # What is not read does not stand in the way of the end.
    assert lab.heads[0].run(("true",), stdin=content).returncode == 0


def test_a_command_has_a_clean_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK_OF_THE_MACHINE", "here")
    assert "MARK_OF_THE_MACHINE" not in lab.heads[0].run(("env",)).stdout


def test_a_command_that_takes_too_long_is_ended_on_the_machine(lab: Lab) -> None:
    head = lab.heads[0]
    with pytest.raises(LabCommandTimeout):
        head.run(("sh", "-c", "sleep 7654; :"), timeout_s=10)
    ended = ("pgrep", "-fx", "sleep 7654")
    wait_until(lambda: head.run(ended, check=False).returncode == 1, deadline_s=DEADLINE_S, what="it ended")


def test_the_cable_of_the_lab_is_no_interface_of_the_server(lab: Lab) -> None:
    listing = lab.heads[0].run(("ip", "-brief", "link")).stdout
    assert {line.split()[0] for line in listing.splitlines()} == {
        "lo", "eth0", "eth1", "eth2", "eth3", "bond0", "bond1",
    }  # fmt: skip
    assert "169.254" not in lab.heads[0].run(("ip", "address")).stdout
    faults.isolate(lab, lab.heads[0])
    try:
        assert not answers(lab.heads[0], "10.81.0.254")
        assert not answers(lab.heads[0], "10.81.1.2")
    finally:
        faults.reconnect(lab, lab.heads[0])
    reached(lab.heads[0], "10.81.1.2")
    wait_for_both_slaves(lab.heads[0])


# -- networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bond", ["bond0", "bond1"])
def test_a_bond_goes_on_without_the_cable_it_used(lab: Lab, bond: str) -> None:
    head, peer = lab.heads
    wait_for_both_slaves(head)
    used = active(head, bond)
    lab.cut(head.name, used)
    try:
        wait_until(
            lambda: active(head, bond) not in ("", used), deadline_s=DEADLINE_S, what="another is used"
        )
        reached(peer, head.addresses[bond])
        assert head.addresses[bond] in head.run(("ip", "-brief", "address", "show", bond)).stdout
        wait_until(lambda: slaves_up(head, bond) == 1, deadline_s=DEADLINE_S, what="one is down")
    finally:
        lab.heal(head.name, used)
    wait_for_both_slaves(head)


@pytest.mark.parametrize("switch", ["1", "2"])
def test_both_heads_go_on_without_a_switch(lab: Lab, switch: str) -> None:
    behind = {"1": ("eth0", "eth1"), "2": ("eth2", "eth3")}[switch]
    for head in lab.heads:
        wait_for_both_slaves(head)
    lab.switch_down(switch)
    try:
        for head in lab.heads:
            wait_until_left(head, behind)
        for address in ("10.81.0.2", "10.81.1.2", "10.81.0.11", "10.81.0.200", "10.81.0.254"):
            reached(lab.heads[0], address)
    finally:
        lab.switch_up(switch)
    for head in lab.heads:
        wait_for_both_slaves(head)


def test_a_bond_goes_on_without_an_interface(lab: Lab) -> None:
    head, peer = lab.heads
    wait_for_both_slaves(head)
    used = active(head, "bond0")
    head.run(("ip", "link", "set", used, "down"))
    try:
        wait_until(
            lambda: active(head, "bond0") not in ("", used), deadline_s=DEADLINE_S, what="another is used"
        )
        reached(peer, "10.81.0.1")
    finally:
        head.run(("ip", "link", "set", used, "up"))
    wait_for_both_slaves(head)


def test_the_heads_lose_each_other_and_nobody_else(lab: Lab) -> None:
    first, second = lab.heads
    lab.cut_between()
    try:
        assert not answers(first, "10.81.0.2")
        assert not answers(second, "10.81.1.1")
        for head in lab.heads:
            reached(head, "10.81.0.200")
            reached(head, "10.81.0.11")
    finally:
        lab.heal_between()
    reached(first, "10.81.0.2")
    reached(first, "10.81.1.2")


# -- power and disks --------------------------------------------------------------------------------------------


def test_power_loss_takes_what_was_not_written_to_the_disk(lab: Lab) -> None:
    head = lab.heads[1]
    head.run(("sh", "-c", f"{LAZY}; echo kept >/root/kept; sync; cp /root/kept /root/lost; cat /root/lost"))
    cut = head.plan.nics[0].interface
    lab.cut(head.name, cut)
    try:
        head.power_off()
        assert not head.is_running
        assert not answers(lab.heads[0], "10.81.0.2")
        head.power_on()
        assert head.read("/root/kept") == "kept\n"
        assert head.run(("cat", "/root/lost"), check=False).stdout == ""
        # A cable that is cut stays cut, and the other one of the bond does its work.
        reached(lab.heads[0], "10.81.0.2")
        assert active(head, "bond0") not in ("", cut)
    finally:
        lab.heal(head.name, cut)
    wait_for_both_slaves(head)
    assert head.failed_units() == []


def test_a_reboot_from_within_comes_back_with_all_interfaces(lab: Lab) -> None:
    head = lab.heads[1]
    before = head.incarnation()
    head.run(("systemctl", "reboot"), check=False)

    def is_another_system() -> bool:
        try:
            return head.incarnation() not in ("", before)
        except LabError:
            return False

    wait_until(is_another_system, deadline_s=DEADLINE_S, what="it boots again", every_s=1.0)
    assert head.wait_booted() == "running"
    reached(head, "10.81.0.254")
    reached(lab.heads[0], "10.81.1.2")
    wait_for_both_slaves(head)


def test_an_orderly_end_and_what_it_leaves_in_the_logs(lab: Lab, tmp_path: Path) -> None:
    head = lab.heads[1]
    head.run(("logger", "a sentence to be found again"))
    head.shut_down()
    try:
        lab.collect_logs(tmp_path)
    finally:
        head.power_on()
    assert "a sentence to be found again" in (tmp_path / head.name / "journal.txt").read_text()
    assert (tmp_path / "ivcs-main-1" / "journal.txt").stat().st_size > 0
    assert "reboot: Power down" in (tmp_path / head.name / "console.log").read_text()


def test_a_frozen_machine_stands_still_and_goes_on(lab: Lab) -> None:
    head = lab.heads[1]
    head.freeze()
    try:
        assert not answers(lab.heads[0], "10.81.0.2")
    finally:
        head.thaw()
    reached(lab.heads[0], "10.81.0.2")


def test_the_disks_of_a_machine_and_the_ones_they_share(lab: Lab) -> None:
    first, second = lab.heads
    for command in (("mount", "/dev/lun", "/mnt"), ("cp", "/etc/hostname", "/mnt/"), ("umount", "/mnt")):
        first.run(command)
    second.run(("mount", "/dev/lun", "/mnt"))
    assert second.read("/mnt/hostname") == "mcu-1\n"
    second.run(("umount", "/mnt"))
    sizes_of = 'for disk in local san sbd; do blockdev --getsize64 "/dev/disk/by-id/lab-$disk"; done'
    script = f"{sizes_of}; realpath /dev/lun /dev/disk/by-id/lab-san"
    *sizes, lun, san = first.run(("sh", "-c", script)).stdout.split()
    assert list(map(int, sizes)) == [1024**3, 1024**3, 8 * 1024**2]
    assert lun == san
    own = ("blkid", "-p", "/dev/disk/by-id/lab-local")
    first.run(("mkfs.ext4", "-q", "/dev/disk/by-id/lab-local"))
    assert first.run(own, check=False).returncode == 0
    assert second.run(own, check=False).returncode == 2  # nothing there


# -- labs -------------------------------------------------------------------------------------------------------

KILLED_RUN = """
from live_lab import Lab, Scheme
Lab.up(name="vm-kill", media=0, with_product=False, scheme=Scheme.NONE)
"""


def test_the_remains_of_a_killed_run_can_be_removed() -> None:
    places = Places(lab="vm-kill")
    killed = Background((sys.executable, "-c", KILLED_RUN))
    wait_until(lambda: places.host_state("ivcs-main-2").exists(), deadline_s=1800, what="machines have power")
    killed.kill()
    assert traces("vm-kill")
    remove("vm-kill")
    assert traces("vm-kill") == []


def test_the_command_for_people() -> None:
    def command(*arguments: str) -> Completed:
        return Background((sys.executable, "-m", "live_lab", *arguments)).wait()

    name = ("--name", "vm-cli")
    command("down", *name)
    booted = command("up", *name, "--vm", "--media", "0", "--without-product")
    try:
        assert booted.returncode == 0, booted
        assert command("exec", *name, "main-1", "--", "sh", "-c", "hostname; exit 7").returncode == 7
        assert command("cut", *name, "main-1", "eth0").returncode == 0
        assert command("heal", *name, "main-1", "eth0").returncode == 0
        assert "has no link eth9" in command("cut", *name, "main-1", "eth9").stderr
        assert command("switch-off", *name, "2").returncode == 0
        assert command("switch-on", *name, "2").returncode == 0
        assert "network scheme full" in command("status", *name).stdout
    finally:
        assert command("down", *name).returncode == 0
    assert traces("vm-cli") == []
