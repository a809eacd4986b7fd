"""What every server of a lab can do, whatever kernel it runs on: commands, power, a frozen moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from live_lab.cgroup import HostCgroup
from live_lab.errors import LabError
from live_lab.network import Network
from live_lab.places import Places
from live_lab.process import Background, Completed, run
from live_lab.state import load_power, mark_of, save_power
from live_lab.topology import HostPlan
from live_lab.wait import wait_until

CLEAN_ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "SHELL=/bin/bash",
    "LANG=C.UTF-8",
)


class Host(ABC):
    """A server of the lab; `name` is its name in the lab, which need not be the one it gives itself."""

    boot_deadline_s: ClassVar[float]
    _boot_look_every_s: ClassVar[float] = 0.1
    # systemd gives what is left at the very end 90 s (DefaultTimeoutStopSec), commands from outside too.
    shut_down_deadline_s: ClassVar[float] = 300.0

    def __init__(self, places: Places, plan: HostPlan) -> None:
        self.plan = plan
        self.name = plan.name
        self.addresses = {port.link: port.address for port in plan.ports}
        self._places = places
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

    @abstractmethod
    def enter(self, argv: Sequence[str], *, environment: Sequence[str] = ()) -> tuple[str, ...]:
        """The command line that runs `argv` inside the host and shares its fate; HostIsOff without power."""

    # -- power ----------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether it has power; says nothing about how far it has booted."""
        return load_power(self._places, self.name) is not None

    @abstractmethod
    def incarnation(self) -> str:
        """Another one after each boot; HostIsOff while no system answers."""

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
        save_power(self._places, self.name, mark_of(self._start()))
        if wait:
            self.wait_booted()

    @abstractmethod
    def _start(self) -> int:
        """Starts what is its power and returns the process id."""

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
            lambda: not self.is_running, deadline_s=self.shut_down_deadline_s, what=f"{self.name} shut down"
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
        wait_until(
            self._has_power_and_system,
            deadline_s=self.boot_deadline_s,
            what=f"{self.name}: systemd answers",
            every_s=self._boot_look_every_s,
        )
        return self.run(
            ("systemctl", "is-system-running", "--wait"), check=False, timeout_s=self.boot_deadline_s
        ).stdout.strip()

    def _has_power_and_system(self) -> bool:
        if not self.is_running:
            console = self._places.console(self.name)
            raise LabError(
                f"{self.name} ended while booting; its console ({console}):\n{console.read_text()[-2000:]}"
            )
        return self._has_system()

    @abstractmethod
    def _has_system(self) -> bool:
        """Whether it has booted so far that its systemd answers."""

    def failed_units(self) -> list[str]:
        """Units that failed since the boot."""
        listing = self.run(("systemctl", "list-units", "--failed", "--plain", "--no-legend")).stdout
        return [line.split()[0] for line in listing.splitlines()]
