"""The words of the fault matrix, each with what it does, and how everything is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from live_lab import fault_disks, fault_load, fault_network, fault_processes, fault_settings
from live_lab.fault_disks import fill_disk, free_disk
from live_lab.fault_processes import kill_by_pid_file, kill_unit
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.pair import begin_command, begin_configure, begin_switchover, configure_again

__all__ = [
    "NETWORK_VERBS",
    "VERBS",
    "fill_disk",
    "free_disk",
    "heal_everything",
    "isolate",
    "kill_by_pid_file",
    "kill_unit",
    "reconnect",
]
# Of a shell: processes first, so that those answer that are asked afterwards.
_HEAL_HEAD = "\n".join(
    (
        fault_processes.CONTINUE,
        fault_disks.FREE,
        fault_network.UNBLOCK,
        fault_load.STOP,
        fault_settings.RESTORE,
    )
)


def isolate(lab: Lab, host: Host) -> None:
    """Pulls all cables of a host: it goes on alone and nobody reaches it."""
    for link in host.addresses:
        lab.cut(host.name, link)


def reconnect(lab: Lab, host: Host) -> None:
    """Puts all its cables back."""
    for link in host.addresses:
        lab.heal(host.name, link)


def interfaces_up(host: Host) -> None:
    """No interface of a virtual machine stays switched off within it."""
    for nic in host.plan.nics:
        host.run(("ip", "link", "set", nic.interface, "up"))


def heal_everything(lab: Lab) -> None:
    """Takes back every fault that may be there, also those that a killed run has left behind."""
    for host in lab.hosts.values():
        if host.is_running:
            host.thaw()
        reconnect(lab, host)
    for switch in lab.switches:
        lab.switch_up(switch)
    lab.heal_between()
    lab.restore_lun()
    for head in lab.heads:
        lab.restore_disk(head.name)
    for host in lab.hosts.values():
        if host.is_running:
            lab.speed_up(host.name)
            host.wait_booted()
        else:
            host.power_on()
    for host in (*lab.media, lab.client):
        # Nothing is there to stop, mostly.
        host.run(("sh", "-c", fault_load.STOP), check=False)
        fault_network.give_address_back(host)
    for head in lab.heads:
        head.run(("sh", "-c", _HEAL_HEAD), check=False)
        interfaces_up(head)
    for head in lab.heads:
        fault_settings.end_maintenance(head)
        fault_settings.forget_edits(head)


Verb = Callable[[Lab, Host, str], None]
# What the fault matrix may say of a host; the last argument is empty where the verb has none.
VERBS: Mapping[str, Verb] = {
    "power-off": lambda _lab, host, _: host.power_off(),
    "power-on": lambda _lab, host, _: host.power_on(),
    "begin-power-on": lambda _lab, host, _: host.power_on(wait=False),
    "reboot": lambda _lab, host, _: host.reboot(),
    "freeze": lambda _lab, host, _: host.freeze(),
    "thaw": lambda _lab, host, _: host.thaw(),
    "cut": lambda lab, host, link: lab.cut(host.name, link),
    "connect": lambda lab, host, link: lab.heal(host.name, link),
    "block": lambda _lab, host, what: fault_network.block(host, what),
    "block-peer": fault_network.block_peer,
    "unblock": lambda _lab, host, _: fault_network.unblock(host),
    "slow": lambda lab, host, _: lab.slow_down(host.name),
    "lose-packets": lambda _lab, host, _: fault_network.lose_packets(host),
    "take-address": lambda _lab, host, _: fault_network.take_address(host),
    "kill": lambda _lab, host, what: fault_processes.kill(host, what),
    "stop-process": lambda _lab, host, what: fault_processes.stop_process(host, what),
    "restart": lambda _lab, host, unit: fault_processes.restart(host, unit),
    "pg_ctlcluster": lambda _lab, host, verb: fault_processes.pg_ctlcluster(host, verb),
    "fill-disk": lambda _lab, host, _: fill_disk(host),
    "free-disk": lambda _lab, host, _: free_disk(host),
    "fill-storage": lambda _lab, host, _: fault_disks.fill_storage(host),
    "fill-run": lambda _lab, host, _: fault_disks.fill_run(host),
    "use-inodes": lambda _lab, host, _: fault_disks.use_inodes(host),
    "lose-disk": lambda lab, host, _: lab.lose_disk(host.name),
    "use-connections": lambda _lab, host, _: fault_load.use_connections(host),
    "flood": fault_load.flood,
    "begin-transaction": lambda _lab, host, size: fault_load.begin_transaction(host, size),
    "burst": lambda _lab, host, count: fault_load.burst(host, count),
    "alter-system": lambda _lab, host, setting: fault_settings.alter_system(host, setting),
    "break-access": lambda _lab, host, _: fault_settings.break_access(host),
    "set-attribute": lambda _lab, host, value: fault_settings.set_attribute(host, value),
    "delete-attribute": lambda _lab, host, _: fault_settings.delete_attribute(host),
    "edit-cib": lambda _lab, host, count: fault_settings.edit_cib(host, count),
    "erase-cib": lambda _lab, host, _: fault_settings.erase_cib(host),
    "cancel-wait-for-all": lambda _lab, host, _: fault_settings.cancel_wait_for_all(host),
    "promote": lambda _lab, host, _: fault_settings.promote(host),
    "type": lambda _lab, host, words: fault_settings.type_command(host, words),
    "begin": lambda _lab, host, words: begin_command(host, words),
    "begin-configure": lambda lab, host, _: begin_configure(lab, host),
    "configure": configure_again,
    "begin-switchover": lambda _lab, host, _: begin_switchover(host),
}
# Those whose last argument is the rest of the line, as it is.
LINE_VERBS = ("type", "begin")
# What it may say of the network, which both heads share with everybody.
NETWORK_VERBS: Mapping[str, Callable[[Lab, str], None]] = {
    "switch-off": lambda lab, link: lab.switch_down(link),
    "switch-on": lambda lab, link: lab.switch_up(link),
    "cut-between": lambda lab, _: lab.cut_between(),
    "heal-between": lambda lab, _: lab.heal_between(),
    "lose-lun": lambda lab, _: lab.lose_lun(),
    "restore-lun": lambda lab, _: lab.restore_lun(),
}
