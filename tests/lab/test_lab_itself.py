"""The lab keeps its promises: hosts boot, faults are what they say, nothing is left behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_remains import answers, traces

from live_lab import Completed, Host, HostIsOff, Lab, LabError, WaitTimeout, faults, wait_until
from live_lab.errors import LabCommandTimeout
from live_lab.image_cache import built
from live_lab.network import cable_name
from live_lab.topology import MOST_MEDIA, plan_hosts

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="itself", media=1, with_product=False) as lab:
        yield lab


# -- hosts ------------------------------------------------------------------------------------------------------


def test_every_host_boots_without_failed_units(lab: Lab) -> None:
    assert list(lab.hosts) == ["ivcs-main-1", "ivcs-main-2", "ivcs-media-0", "client"]
    assert {host.name: host.failed_units() for host in lab.hosts.values()} == {name: [] for name in lab.hosts}
    assert {host.wait_booted() for host in lab.hosts.values()} == {"running"}


def test_hosts_are_installations_of_their_own(lab: Lab) -> None:
    def distinct(*argv: str, hosts: list[Host]) -> bool:
        return len({host.run(argv).stdout for host in hosts}) == len(hosts)

    everyone = list(lab.hosts.values())
    assert distinct("cat", "/etc/machine-id", hosts=everyone)
    assert distinct("cat", "/etc/ssh/ssh_host_ed25519_key.pub", hosts=everyone)
    assert distinct("hostname", hosts=everyone)
    identifier = "SELECT system_identifier FROM pg_control_system()"
    assert distinct("sudo", "-u", "postgres", "psql", "-Atc", identifier, hosts=lab.heads)


def test_a_command_gets_its_arguments_and_its_input_unchanged(lab: Lab) -> None:
    argument = "a b 'c' \"d\" $e %f \\g Привет\n*"
    completed = lab.host("main-1").run(("sh", "-c", 'printf %s "$1"; cat', "sh", argument), stdin="Ввод '\"$")
    assert completed == Completed(returncode=0, stdout=argument + "Ввод '\"$", stderr="")


def test_a_command_has_a_clean_environment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK_OF_THE_MACHINE", "here")
    assert "MARK_OF_THE_MACHINE" not in lab.client.run(("env",)).stdout


def test_a_command_that_takes_too_long_is_ended_on_the_host(lab: Lab) -> None:
    with pytest.raises(LabCommandTimeout):
        lab.client.run(("sleep", "7654"), timeout_s=1)
    wait_until(
        lambda: lab.client.run(("pgrep", "-fx", "sleep 7654"), check=False).returncode == 1,
        deadline_s=300,
        what="sleep ended",
    )


def test_a_file_is_written_with_its_mode(lab: Lab) -> None:
    lab.client.write("/root/secret", "Пароль\n", mode=0o600)
    assert lab.client.read("/root/secret") == "Пароль\n"
    assert lab.client.run(("stat", "-c", "%a", "/root/secret")).stdout == "600\n"


def test_the_clock_and_the_kernel_of_the_machine_are_out_of_reach(lab: Lab) -> None:
    host = lab.host("main-1")
    assert host.run(("date", "-s", "now"), check=False).returncode != 0
    assert host.run(("sh", "-c", "echo b >/proc/sysrq-trigger"), check=False).returncode != 0
    assert host.run(("test", "-e", "/dev/vda"), check=False).returncode != 0


def test_logs_of_a_host_without_power_can_be_collected(lab: Lab, tmp_path: Path) -> None:
    lab.client.run(("logger", "a sentence to be found again"))
    wait_until(
        lambda: "found again" in lab.client.run(("journalctl", "-b")).stdout, deadline_s=300, what="logged"
    )
    lab.client.power_off()
    try:
        lab.collect_logs(tmp_path)
    finally:
        lab.client.power_on()
    assert "a sentence to be found again" in (tmp_path / "client" / "journal.txt").read_text()
    assert (tmp_path / "ivcs-main-1" / "var/log/pacemaker/pacemaker.log").exists()


# -- networks ---------------------------------------------------------------------------------------------------


def test_the_heads_meet_on_both_networks_and_the_others_on_one(lab: Lab) -> None:
    first = lab.host("main-1")
    for address in ("10.81.0.2", "10.81.1.2", "10.81.0.11", "10.81.0.200", "10.81.0.254"):
        assert answers(first, address), address
    assert answers(lab.client, "10.81.0.254")
    assert not answers(lab.client, "10.81.1.2")


def test_the_packet_filter_drops_what_its_fragments_do_not_allow(lab: Lab) -> None:
    first = lab.host("main-1")
    fragment = "/etc/iptables-config/ipv4/filter.d/1000-test"

    def reaches(port: str) -> bool:
        return lab.client.run(("nc", "-z", "-w", "2", "10.81.0.1", port), check=False).returncode == 0

    first.run(
        ("sh", "-c", "nohup nc -lk 5432 >/dev/null 2>&1 & nohup nc -lk 10.81.0.1 7777 >/dev/null 2>&1 &")
    )
    assert reaches("22")
    assert not reaches("7777")
    first.write(fragment, "-A INPUT -p tcp -m tcp --dport 7777 -j ACCEPT")
    first.run(("systemctl", "reload", "iptables-config"))
    assert reaches("7777")
    first.write(fragment, "-A NONSENSE")
    assert first.run(("systemctl", "restart", "iptables-config"), check=False).returncode != 0
    assert reaches("7777")
    first.run(("rm", fragment))
    first.run(("systemctl", "restart", "iptables-config"))
    assert not reaches("7777")


def test_a_cut_cable_stays_cut_over_a_power_cycle_and_heals(lab: Lab) -> None:
    first, second = lab.heads
    lab.cut("ivcs-main-2", "bond0")
    assert not answers(first, "10.81.0.2")
    assert answers(first, "10.81.1.2")
    assert "10.81.0.2" in second.run(("ip", "-br", "address", "show", "bond0")).stdout
    second.power_off()
    second.power_on()
    assert not answers(first, "10.81.0.2")
    lab.heal("ivcs-main-2", "bond0")
    wait_until(lambda: answers(first, "10.81.0.2"), deadline_s=300, what="main-2 answers again")


def test_a_switch_takes_its_network_down_for_all_and_only_it(lab: Lab) -> None:
    first = lab.host("main-1")
    lab.switch_down("bond0")
    assert not answers(first, "10.81.0.2")
    assert not answers(lab.client, "10.81.0.254")
    assert answers(first, "10.81.1.2")
    lab.switch_up("bond0")
    wait_until(lambda: answers(lab.client, "10.81.0.2"), deadline_s=300, what="the client reaches main-2")


def test_an_isolated_host_reaches_nobody(lab: Lab) -> None:
    first, second = lab.heads
    faults.isolate(lab, second)
    assert not answers(first, "10.81.0.2")
    assert not answers(first, "10.81.1.2")
    faults.reconnect(lab, second)
    wait_until(lambda: answers(first, "10.81.1.2"), deadline_s=300, what="main-2 answers again")


# -- power and disks --------------------------------------------------------------------------------------------


def test_power_loss_keeps_the_disk_and_nothing_else(lab: Lab) -> None:
    host = lab.host("main-2")
    host.write("/root/kept", "on the disk")
    host.write("/run/lost", "in memory")
    host.run(("ip", "address", "add", "10.81.0.99/24", "dev", "bond0"))
    host.power_off()
    assert not host.is_running
    assert not answers(lab.host("main-1"), "10.81.0.2")
    with pytest.raises(HostIsOff):
        host.run(("true",))
    host.power_on()
    assert host.read("/root/kept") == "on the disk"
    assert host.run(("test", "-e", "/run/lost"), check=False).returncode == 1
    assert "10.81.0.99" not in host.run(("ip", "address")).stdout
    assert host.failed_units() == []


def test_a_reboot_from_within_comes_back_as_after_any_boot(lab: Lab) -> None:
    host = lab.media[0]
    before = host.incarnation()
    host.run(("ip", "address", "add", "10.81.0.99/24", "dev", "bond0"))
    host.run(("systemctl", "reboot"), check=False)

    def is_another_system() -> bool:
        try:
            return host.incarnation() != before
        except HostIsOff:
            return False

    wait_until(is_another_system, deadline_s=300, what="it boots again")
    assert host.wait_booted() == "running"
    assert "10.81.0.99" not in host.run(("ip", "address")).stdout
    assert answers(lab.host("main-1"), "10.81.0.11")


def test_an_orderly_reboot(lab: Lab) -> None:
    host = lab.media[0]
    host.reboot()
    assert "Reached target" in host.run(("journalctl", "-b", "-1", "--grep", "(Power Off|Shutdown)")).stdout


def test_a_frozen_host_stands_still_and_goes_on(lab: Lab) -> None:
    counting = lab.client.start(("sh", "-c", "while :; do echo; sleep 0.05; done"))
    wait_until(lambda: len(counting.stdout) > 3, deadline_s=300, what="it counts")
    lab.client.freeze()
    frozen_at = len(counting.stdout)
    assert not answers(lab.host("main-1"), "10.81.0.222")  # a second passes
    assert len(counting.stdout) == frozen_at
    lab.client.thaw()
    wait_until(lambda: len(counting.stdout) > frozen_at, deadline_s=300, what="it counts again")
    counting.kill()


def test_the_shared_device_is_one_for_both_heads(lab: Lab) -> None:
    first, second = lab.heads
    for host in lab.heads:
        assert host.run(("blkid", "-o", "value", "-s", "TYPE", "/dev/lun")).stdout == "ext4\n"
    for command in (("mount", "/dev/lun", "/mnt"), ("cp", "/etc/hostname", "/mnt/"), ("umount", "/mnt")):
        first.run(command)
    second.run(("mount", "/dev/lun", "/mnt"))
    assert second.read("/mnt/hostname") == "mcu-1\n"
    second.run(("umount", "/mnt"))
    assert lab.client.run(("test", "-e", "/dev/lun"), check=False).returncode == 1


def test_a_full_disk_is_the_hosts_alone(lab: Lab) -> None:
    host = lab.media[0]
    free_before = os.statvfs("/var/lib").f_bavail
    faults.fill_disk(host)
    with pytest.raises(LabError, match="No space left on device"):
        host.run(("dd", "if=/dev/zero", "of=/root/more", "bs=1M", "count=1"))
    assert os.statvfs("/var/lib").f_bavail > free_before // 4
    faults.free_disk(host)
    host.write("/root/more", "fits")


def test_a_killed_service_is_really_killed(lab: Lab) -> None:
    host = lab.host("main-1")
    faults.kill_unit(host, "nginx.service")
    wait_until(lambda: "nginx.service" in host.failed_units(), deadline_s=300, what="nginx failed")
    host.run(("systemctl", "restart", "nginx.service"))


# -- images and names -------------------------------------------------------------------------------------------


def test_the_packages_are_installed_on_the_servers_and_not_on_the_client() -> None:
    ours = {"live-configure", "live-cluster", "ivcs-reference", "ivcs-media-reference"}
    of_a_cluster = {"corosync", "pacemaker", "postgresql"}

    def installed(host: Host) -> set[str]:
        listing = host.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n")).stdout
        names = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
        return names & {*ours, *of_a_cluster}

    with Lab.up(name="itsdebs", media=1) as lab:
        for head in lab.heads:
            assert installed(head) == {*ours, *of_a_cluster}
        # Debian starts a cluster of one host wherever Corosync and Pacemaker are installed.
        assert installed(lab.media[0]) == {"live-configure", "ivcs-media-reference"}
        assert not installed(lab.client) & ours
        assert {host.name: host.failed_units() for host in lab.hosts.values()} == {
            name: [] for name in lab.hosts
        }


def test_a_missing_package_says_how_to_build_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE_LAB_DIST", str(tmp_path))
    with pytest.raises(LabError, match="run: packaging/build --release"):
        Lab.up(name="nodebs", media=0)
    assert traces("nodebs") == []


def test_an_image_that_failed_halfway_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE_LAB_CACHE", str(tmp_path))

    def halfway(partial: Path) -> None:
        (partial / "tree").mkdir()
        raise LabError("the power went")

    def whole(partial: Path) -> None:
        assert list(partial.iterdir()) == []
        (partial / "tree").mkdir()

    with pytest.raises(LabError, match="the power went"):
        built("layer-x", halfway)
    assert built("layer-x", whole).is_dir()
    assert built("layer-x", halfway).is_dir()


@pytest.mark.parametrize("name", ["", "-a", "ninechars", "Upper", "a.b", "a/b", "а"])
def test_a_lab_has_a_short_plain_name(name: str) -> None:
    with pytest.raises(LabError, match="a lab's name is"):
        Lab.attach(name)


def test_cables_of_the_largest_lab_have_names_and_addresses_of_their_own() -> None:
    plans = plan_hosts(MOST_MEDIA)
    cables = [cable_name(plan.name, port.link) for plan in plans for port in plan.ports]
    addresses = [port.address for plan in plans for port in plan.ports]
    assert len(set(cables)) == len(cables)
    assert len(set(addresses)) == len(addresses)
    assert max(map(len, cables)) <= 15
    with pytest.raises(LabError, match="0 to 80 media hosts"):
        plan_hosts(MOST_MEDIA + 1)


def test_waiting_in_vain_says_for_what_and_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE_LAB_SLOWNESS", "0.01")
    with pytest.raises(WaitTimeout, match=r"not within 0 s: the moon; last seen: \[\]"):
        wait_until(list, deadline_s=10, what="the moon")
