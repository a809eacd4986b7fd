"""A host under systemd-nspawn: a whole Debian server on the kernel of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from live_lab.cgroup import JOIN
from live_lab.errors import HostIsOff
from live_lab.host import CLEAN_ENVIRONMENT, Host
from live_lab.places import Places
from live_lab.process import detach
from live_lab.state import load_power
from live_lab.topology import HostPlan, Role

# A lab must not set the clock of the machine, load modules into its kernel or reach its ports.
_WITHHELD = "CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO"
# A command that enters from outside would else have all that we have: its `date -s` would set the machine's clock.
_WITHOUT = ("setpriv", "--bounding-set=-sys_time,-sys_module,-sys_rawio", "--inh-caps=-all")
# nspawn ends with 133 when the system within wants a reboot.
_POWER = 'while sh -c "$0" "$@"; [ $? = 133 ]; do :; done'
_NSPAWN_ENVIRONMENT = {
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    "SYSTEMD_NSPAWN_LOCK": "0",  # its lock files stay behind; the lab has its own
}
# An NFS server that is no part of the kernel finds its clients' files by it; nspawn says EPERM otherwise.
_FILES_BY_HANDLE = ("--system-call-filter=open_by_handle_at",)
_CLEAN = ("env", "-i", "--chdir=/", *CLEAN_ENVIRONMENT)


class NspawnHost(Host):
    """A server of the lab that boots in seconds and runs at native speed."""

    boot_deadline_s = 120.0

    def __init__(self, places: Places, plan: HostPlan, lun_device: str) -> None:
        super().__init__(places, plan)
        self._lun_device = lun_device

    def enter(self, argv: Sequence[str], *, environment: Sequence[str] = ()) -> tuple[str, ...]:
        """The command line that runs `argv` inside the host: all its namespaces, its control group."""
        files = (str(file) for file in self._cgroup.visitor_files())
        leader = str(self.leader())
        into = ("nsenter", "-t", leader, "-a", *_CLEAN, *environment)
        return ("sh", "-c", JOIN, "join", *files, "--", *_WITHOUT, *into, *argv)

    def leader(self) -> int:
        """Process id, on this machine, of the host's own process 1."""
        power = load_power(self._places, self.name)
        if power is None:
            raise HostIsOff(f"{self.name} is off; power it on first")
        leader = _leader_below(power.pid)
        if leader is None:
            raise HostIsOff(f"{self.name} has power but its system does not run (booting or going down)")
        return leader

    def incarnation(self) -> str:
        """Process id of the system that runs now."""
        return str(self.leader())

    def _start(self) -> int:
        if self.plan.has_lun:
            self._announce_lun()
        environment = {**os.environ, **_NSPAWN_ENVIRONMENT}
        visitors = (str(file) for file in self._cgroup.visitor_files())
        machine = (str(file) for file in self._cgroup.boot_files())
        supervisor = ("sh", "-c", _POWER, JOIN, "join", *machine, "--", *self._nspawn())
        argv = ("sh", "-c", JOIN, "join", *visitors, "--", *supervisor)
        return detach(argv, log=self._places.console(self.name), env=environment)

    def _has_system(self) -> bool:
        power = load_power(self._places, self.name)
        leader = None if power is None else _leader_below(power.pid)
        return leader is not None and Path(f"/proc/{leader}/root/run/systemd/private").exists()

    def _announce_lun(self) -> None:
        """The host makes the device node while it boots (tmpfiles.d(5)).

        A node that is mounted there from outside is a mount of the device to the Filesystem agent, which unmounts
        it when it stops: then an empty file is left in its place.
        """
        device = Path(self._lun_device).stat().st_rdev
        line = f"b+ /dev/lun 0660 root disk - {os.major(device)}:{os.minor(device)}\n"
        (self._places.root(self.name) / "etc/tmpfiles.d/lab-lun.conf").write_text(line)

    def _nspawn(self) -> tuple[str, ...]:
        return (
            "systemd-nspawn", "--quiet", "--settings=no", "--register=no", "--keep-unit",
            f"--machine={self._places.host_namespace(self.name)}",
            f"--hostname={self.plan.hostname}",
            f"--directory={self._places.root(self.name)}",
            f"--network-namespace-path=/run/netns/{self._places.host_namespace(self.name)}",
            "--boot", "--console=pipe", "--capability=all", f"--drop-capability={_WITHHELD}",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no",
            *(_FILES_BY_HANDLE if self.plan.role is Role.NAS else ()),
        )  # fmt: skip


def _leader_below(supervisor: int) -> int | None:
    """The descendant that is process 1 of a namespace: none between power-on and the start of systemd."""
    try:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for child in map(int, children):
            status = Path(f"/proc/{child}/status").read_text()
            namespaced = re.search(r"^NSpid:\t\d+\t(\d+)$", status, re.MULTILINE)
            if namespaced is None:
                return _leader_below(child)
            if namespaced[1] == "1":
                return child
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None
