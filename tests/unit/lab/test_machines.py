"""Virtual machines of the lab as plans: interfaces, switches, and the files that make their network."""

from pathlib import Path

import pytest

from live_lab import LabError
from live_lab.image import ImageWish
from live_lab.machine_disk import kernel_interface, network_files
from live_lab.machine_host import last_panic
from live_lab.machine_kernel import beside_its_libraries, default_kernel, modules_of, program_of
from live_lab.network import cable_name
from live_lab.recipe import machine_script
from live_lab.topology import HostPlan, Scheme, default_scheme, plan_hosts


def head(scheme: Scheme) -> HostPlan:
    return plan_hosts(0, scheme)[0]


def switches(scheme: Scheme) -> dict[str, str]:
    return {nic.interface: nic.switch for nic in head(scheme).nics}


def test_only_the_heads_are_machines() -> None:
    assert [plan.is_machine for plan in plan_hosts(1, Scheme.FULL)] == [True, True, False, False]
    assert not any(plan.is_machine for plan in plan_hosts(1))


def test_the_same_tests_run_on_machines_where_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LIVE_LAB_SCHEME", raising=False)
    assert default_scheme() is None
    monkeypatch.setenv("LIVE_LAB_SCHEME", "partial")
    assert default_scheme() is Scheme.PARTIAL
    monkeypatch.setenv("LIVE_LAB_SCHEME", "most")
    with pytest.raises(LabError, match="LIVE_LAB_SCHEME is one of full, partial, none"):
        default_scheme()


def test_both_bonds_of_the_full_scheme_are_on_two_switches() -> None:
    assert switches(Scheme.FULL) == {
        "eth0": "bond0-sw1", "eth2": "bond0-sw2", "eth1": "bond1-sw1", "eth3": "bond1-sw2",
    }  # fmt: skip


def test_the_public_bond_of_the_partial_scheme_is_on_one_switch() -> None:
    assert switches(Scheme.PARTIAL) == {**switches(Scheme.FULL), "eth2": "bond0-sw1"}


def test_without_redundancy_there_is_one_interface_in_one_network() -> None:
    assert switches(Scheme.NONE) == {"eth0": "bond0-sw1"}
    assert [port.link for port in head(Scheme.NONE).ports] == ["bond0"]
    files = network_files(head(Scheme.NONE))
    assert set(files) == {"10-eth0.link", "20-eth0.network"}
    assert "Address=10.81.0.1/24" in files["20-eth0.network"]


def test_a_network_has_all_its_cables_and_an_interface_its_own() -> None:
    plan = head(Scheme.FULL)
    assert [cable.interface for cable in plan.cables_of("bond1")] == ["eth1", "eth3"]
    assert [cable.interface for cable in plan.cables_of("eth2")] == ["eth2"]
    with pytest.raises(LabError, match="has no link eth4; it has bond0, eth0"):
        plan.cables_of("eth4")
    container = plan_hosts(0)[0]
    assert [cable.switch for cable in container.cables_of("bond1")] == ["bond1"]


def test_bonds_notice_a_dead_cable_by_arp_and_keep_their_addresses() -> None:
    plan = head(Scheme.FULL)
    files = network_files(plan)
    assert "ARPIPTargets=10.81.0.254" in files["20-bond0.netdev"]
    assert "ARPIPTargets=10.81.1.254" in files["20-bond1.netdev"]
    assert "Gateway=10.81.0.254" in files["20-bond0.network"]
    assert "Gateway" not in files["20-bond1.network"]
    assert all("IgnoreCarrierLoss=yes" in files[f"20-{link}.network"] for link in ("bond0", "bond1"))
    bonds = {
        nic.interface: files[f"30-{nic.interface}.network"].split("Bond=")[1].split()[0] for nic in plan.nics
    }
    assert bonds == {"eth0": "bond0", "eth1": "bond1", "eth2": "bond0", "eth3": "bond1"}
    assert len({kernel_interface(plan, nic) for nic in plan.nics}) == 4


def test_names_of_cables_fit_into_those_of_interfaces() -> None:
    plans = plan_hosts(80, Scheme.FULL)
    names = [cable_name(plan.name, cable.interface) for plan in plans for cable in plan.cables]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 15


def test_the_layer_is_named_by_the_files_in_it() -> None:
    """Its script holds their digest: a changed file makes another layer."""
    assert "# Files: " in machine_script("6.12.0")


def test_the_kernel_s_modules_have_its_version_in_their_name(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no kernel modules"):
        modules_of(tmp_path)
    (tmp_path / "usr/lib/uml/modules/6.12.113").mkdir(parents=True)
    assert modules_of(tmp_path).name == "6.12.113"


def test_the_kernel_is_another_one_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVE_LAB_KERNEL", raising=False)
    assert default_kernel() == "trixie"
    monkeypatch.setenv("LIVE_LAB_KERNEL", "bookworm")
    assert default_kernel() == "bookworm"
    assert ImageWish().kernel == "bookworm"
    monkeypatch.setenv("LIVE_LAB_KERNEL", "6.1")
    with pytest.raises(LabError, match="LIVE_LAB_KERNEL is one of bookworm, trixie"):
        default_kernel()


def test_the_kernel_alone_runs_beside_the_c_library_of_its_release() -> None:
    argv = beside_its_libraries(Path("/cache/kernel"), (program_of(Path("/cache/kernel")), "mem=1G"))
    # Everything is mounted in a namespace that ends with the machine.
    assert argv[:4] == ("unshare", "--mount", "--propagation", "private")
    assert argv[-3:] == (
        "/cache/kernel/usr/lib/x86_64-linux-gnu",
        "/cache/kernel/usr/bin/linux.uml",
        "mem=1G",
    )


def test_a_panic_is_told_from_an_orderly_end() -> None:
    panic = "Kernel panic - not syncing: Kernel mode fault at addr 0x40e, ip 0x6002fc13"
    trace = [" [<6015f18a>] tlb_flush+0x19/0x5e"] * 25
    assert last_panic("\n".join(["EXT4-fs (ubda): mounted", panic, *trace])) == panic
    # It was booted again since.
    assert last_panic("\n".join([panic, *["systemd[1]: Started."] * 200, "reboot: Power down"])) == ""
    assert last_panic("") == ""
