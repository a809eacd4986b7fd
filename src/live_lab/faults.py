"""Faults within a host, besides those of power, cables and switches that Host and Lab have themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from live_lab.errors import LabError
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.pair import begin_configure, begin_switchover, configure_again
from live_lab.topology import LINKS

_FILLING = "/var/lib/live-lab-filling"
_STORAGE_FILLING = "/srv/filestorage/live-lab-filling"
_TAKEN_ADDRESS = "10.81.0.100"
_LOSS = (
    "INPUT", "-m", "statistic", "--mode", "random", "--probability", "0.1",
    "-m", "comment", "--comment", "live-lab-loss", "-j", "DROP",
)  # fmt: skip
_WALSENDER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'"


def isolate(lab: Lab, host: Host) -> None:
    """Pulls all cables of a host: it goes on alone and nobody reaches it."""
    for link in host.addresses:
        lab.cut(host.name, link)


def reconnect(lab: Lab, host: Host) -> None:
    """Puts all its cables back."""
    for link in host.addresses:
        lab.heal(host.name, link)


def kill_unit(host: Host, unit: str) -> None:
    """SIGKILL to the main process of a service."""
    host.run(("systemctl", "kill", "--kill-who=main", "--signal=KILL", unit))


def kill_by_pid_file(host: Host, path: str) -> None:
    """SIGKILL to the process whose id is on the first line of a file, as postmaster.pid has it."""
    host.run(("kill", "-KILL", host.read(path).split()[0]))


def kill_postgres(host: Host) -> None:
    """SIGKILL to the server process of the host's one database cluster."""
    places = host.run(("sh", "-c", "echo /var/lib/postgresql/*/main/postmaster.pid")).stdout.split()
    kill_by_pid_file(host, places[-1])


def kill_walsender(host: Host) -> None:
    """SIGKILL to the process that feeds the standby; PostgreSQL ends all sessions and recovers after that."""
    psql = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-c", _WALSENDER)
    host.run(("kill", "-KILL", *host.run(psql).stdout.split()))


def kill_daemon(host: Host, unit: str, name: str) -> None:
    """SIGKILL to one process of a service that has several."""
    members = host.read(f"/sys/fs/cgroup/system.slice/{unit}.service/cgroup.procs").split()
    listing = host.run(("ps", "-o", "pid=,comm=", "-p", ",".join(members))).stdout
    # The kernel keeps 15 characters of a command's name.
    found = [pid for pid, command in map(str.split, listing.splitlines()) if command == name[:15]]
    if len(found) != 1:
        raise LabError(f"{host.name}: {len(found)} processes {name} in {unit}; there should be one")
    host.run(("kill", "-KILL", found[0]))


def fill_disk(host: Host) -> None:
    """Uses up the host's disk to the last block."""
    _allocate(host, "/", _FILLING)
    host.run(
        ("dd", "if=/dev/zero", f"of={_FILLING}.rest", "bs=4K", "status=none"), check=False, timeout_s=600
    )


def free_disk(host: Host) -> None:
    """Gives back what `fill_disk` took."""
    host.run(("rm", "-f", "--", _FILLING, f"{_FILLING}.rest"))


def fill_storage(host: Host) -> None:
    """Uses up all of the file storage that the application can have: not what the file system keeps for root."""
    host.run(("mountpoint", "-q", "/srv/filestorage"))
    _allocate(host, "/srv/filestorage", _STORAGE_FILLING)


def free_storage(host: Host) -> None:
    """Gives back what `fill_storage` took, where the storage is mounted now."""
    host.run(("rm", "-f", "--", _STORAGE_FILLING))


def _allocate(host: Host, place: str, filling: str) -> None:
    free_kib = host.run(("df", "--output=avail", "--block-size=1K", place)).stdout.split()[-1]
    host.run(("fallocate", "--length", f"{free_kib}KiB", filling), check=False)


def lose_packets(host: Host) -> None:
    """One of ten packets to this host is lost."""
    host.run(("iptables", "--wait", "-I", *_LOSS))


def lose_no_packets(host: Host) -> None:
    """Takes the loss back; nothing where there is none."""
    host.run(("iptables", "--wait", "-D", *_LOSS), check=False)


def interfaces_up(host: Host) -> None:
    """No interface of a virtual machine stays switched off within it."""
    for nic in host.plan.nics:
        host.run(("ip", "link", "set", nic.interface, "up"))


def take_address(host: Host) -> None:
    """This host claims the public address for itself, and says so to everybody."""
    host.run(("ip", "address", "add", f"{_TAKEN_ADDRESS}/24", "dev", LINKS[0]))
    host.run(("arping", "-q", "-U", "-c", "3", "-I", LINKS[0], _TAKEN_ADDRESS))


def give_address_back(host: Host) -> None:
    """The address is no longer here; nothing where it was not."""
    host.run(("ip", "address", "delete", f"{_TAKEN_ADDRESS}/24", "dev", LINKS[0]), check=False)


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
    for host in lab.hosts.values():
        if host.is_running:
            lab.speed_up(host.name)
        else:
            host.power_on()
    for head in lab.heads:
        free_disk(head)
        free_storage(head)
        lose_no_packets(head)
        interfaces_up(head)
    for media in lab.media:
        give_address_back(media)


_KILLS: Mapping[str, Callable[[Host], None]] = {
    "postgres": kill_postgres,
    "walsender": kill_walsender,
    "pacemaker-controld": lambda host: kill_daemon(host, "pacemaker", "pacemaker-controld"),
}


def _kill(host: Host, what: str) -> None:
    if what in _KILLS:
        _KILLS[what](host)
    else:
        kill_unit(host, what)


Verb = Callable[[Lab, Host, str], None]
# What the fault matrix may say of a host; the last argument is empty where the verb has none.
VERBS: Mapping[str, Verb] = {
    "power-off": lambda _lab, host, _: host.power_off(),
    "power-on": lambda _lab, host, _: host.power_on(),
    "reboot": lambda _lab, host, _: host.reboot(),
    "freeze": lambda _lab, host, _: host.freeze(),
    "thaw": lambda _lab, host, _: host.thaw(),
    "cut": lambda lab, host, link: lab.cut(host.name, link),
    "connect": lambda lab, host, link: lab.heal(host.name, link),
    "kill": lambda _lab, host, what: _kill(host, what),
    "fill-disk": lambda _lab, host, _: fill_disk(host),
    "free-disk": lambda _lab, host, _: free_disk(host),
    "fill-storage": lambda _lab, host, _: fill_storage(host),
    "slow": lambda lab, host, _: lab.slow_down(host.name),
    "lose-packets": lambda _lab, host, _: lose_packets(host),
    "begin-configure": lambda lab, host, _: begin_configure(lab, host),
    "configure": lambda lab, host, _: configure_again(lab, host),
    "begin-switchover": lambda _lab, host, _: begin_switchover(host),
    "take-address": lambda _lab, host, _: take_address(host),
}
# What it may say of the network, which both heads share with everybody.
NETWORK_VERBS: Mapping[str, Callable[[Lab, str], None]] = {
    "switch-off": lambda lab, link: lab.switch_down(link),
    "switch-on": lambda lab, link: lab.switch_up(link),
    "cut-between": lambda lab, _: lab.cut_between(),
    "heal-between": lambda lab, _: lab.heal_between(),
    "lose-lun": lambda lab, _: lab.lose_lun(),
    "restore-lun": lambda lab, _: lab.restore_lun(),
}
