"""One host: a whole Debian server under systemd-nspawn, with power switch, disk and cables."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from live_lab.cgroup import JOIN, HostCgroup
from live_lab.errors import HostIsOff, LabError
from live_lab.network import Network
from live_lab.places import Places
from live_lab.process import Background, Completed, detach, run
from live_lab.state import load_power, mark_of, save_power
from live_lab.topology import HostPlan
from live_lab.wait import wait_until

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
_CLEAN = (
    "env", "-i", "--chdir=/", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LANG=C.UTF-8",
)  # fmt: skip
BOOT_DEADLINE_S = 120.0
# systemd gives what is left at the very end 90 s (DefaultTimeoutStopSec): also commands that entered from outside.
SHUT_DOWN_DEADLINE_S = 300.0


class Host:
    """A server of the lab; `name` is its name in the lab, which need not be the one it gives itself."""

    def __init__(self, places: Places, plan: HostPlan, lun_device: str) -> None:
        self.plan = plan
        self.name = plan.name
        self.addresses = {port.link: port.address for port in plan.ports}
        self._places = places
        self._lun_device = lun_device
        self._network = Network(places)
        self._cgroup = HostCgroup(path=f"{places.lab}/{plan.name}")

    def __repr__(self) -> str:
        return f"<host {self.name} of lab {self._places.lab}>"

    # -- commands -------------------------------------------------------------------------------------------

    def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", check: bool = True, timeout_s: float = 120.0
    ) -> Completed:
        """Runs a command as root on the host, in a clean environment, without terminal."""
        return run(self.enter(argv), stdin=stdin, check=check, timeout_s=timeout_s)

    def start(self, argv: Sequence[str], *, stdin: str | bytes = "") -> Background:
        """Starts a command on the host that goes on beside us."""
        return Background(self.enter(argv), stdin=stdin)

    def read(self, path: str) -> str:
        """Text of a file on the host."""
        return self.run(("cat", "--", path)).stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Creates or replaces a file on the host."""
        script = 'umask 077; cat >"$1" && chmod "$2" "$1"'
        self.run(("sh", "-c", script, "write", path, f"{mode:o}"), stdin=text)

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

    # -- power ----------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether it has power; says nothing about how far it has booted."""
        return load_power(self._places, self.name) is not None

    def power_on(self, *, wait: bool = True) -> None:
        """Boots from its disk, with fresh network interfaces; nothing when it runs already."""
        if self.is_running:
            return
        # Fresh groups: in those that once were killed, the kernel kills what systemd 257 starts (status 9/KILL).
        self._cgroup.kill()
        self._cgroup.remove()
        self._cgroup.create()
        if self._network.is_plugged_in(self.plan):
            self._network.unplug(self.plan)
        self._network.plug_in(self.plan)
        if self.plan.has_lun:
            self._announce_lun()
        environment = {**os.environ, **_NSPAWN_ENVIRONMENT}
        visitors = (str(file) for file in self._cgroup.visitor_files())
        machine = (str(file) for file in self._cgroup.boot_files())
        supervisor = ("sh", "-c", _POWER, JOIN, "join", *machine, "--", *self._nspawn())
        argv = ("sh", "-c", JOIN, "join", *visitors, "--", *supervisor)
        pid = detach(argv, log=self._places.console(self.name), env=environment)
        save_power(self._places, self.name, mark_of(pid))
        if wait:
            self.wait_booted()

    def power_off(self) -> None:
        """Power loss: every process vanishes at once, the links go down. What was not on the disk is gone."""
        self._cgroup.kill()
        if self._network.is_plugged_in(self.plan):
            self._network.unplug(self.plan)
        wait_until(lambda: not self.is_running, deadline_s=300, what=f"{self.name} off", every_s=0.02)

    def shut_down(self) -> None:
        """An orderly end, as by the power button."""
        self.run(("systemctl", "poweroff"), check=False)
        wait_until(
            lambda: not self.is_running, deadline_s=SHUT_DOWN_DEADLINE_S, what=f"{self.name} shut down"
        )
        self.power_off()

    def reboot(self) -> None:
        """An orderly end and a new boot."""
        self.shut_down()
        self.power_on()

    def freeze(self) -> None:
        """All processes stand still, the network does not answer, nothing is lost: a hung hypervisor."""
        self._cgroup.freeze()

    def thaw(self) -> None:
        """The processes go on."""
        self._cgroup.thaw()

    def wait_booted(self) -> str:
        """Waits for the end of the boot; returns `running`, or `degraded` when units failed."""
        wait_until(self._has_system, deadline_s=BOOT_DEADLINE_S, what=f"{self.name}: systemd answers")
        return self.run(
            ("systemctl", "is-system-running", "--wait"), check=False, timeout_s=BOOT_DEADLINE_S
        ).stdout.strip()

    def failed_units(self) -> list[str]:
        """Units that failed since the boot."""
        listing = self.run(("systemctl", "list-units", "--failed", "--plain", "--no-legend")).stdout
        return [line.split()[0] for line in listing.splitlines()]

    def _has_system(self) -> bool:
        power = load_power(self._places, self.name)
        if power is None:
            console = self._places.console(self.name)
            raise LabError(
                f"{self.name} ended while booting; its console ({console}):\n{console.read_text()[-2000:]}"
            )
        leader = _leader_below(power.pid)
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
