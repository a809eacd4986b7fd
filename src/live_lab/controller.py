"""A head's management controller (BMC): a real IPMI service at an address of its own that holds the power switch.

OpenIPMI's simulator speaks the protocol; what Debian's fence_ipmilan asks it for really happens to the host.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from live_lab.cgroup import JOIN, HostCgroup
from live_lab.network import Network
from live_lab.places import NAMESPACE_ROOT, Places
from live_lab.process import detach, run
from live_lab.state import forget_power, load_power, mark_of, save_power
from live_lab.topology import HostPlan
from live_lab.wait import wait_until

USERNAME = "admin"
PASSWORD = "lab-power-4711"  # noqa: S105 - of a simulator

_SETTINGS = """\
name "{name}"
set_working_mc 0x20
  startlan 1
    addr {address} 623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{chassis}"
  user 1 false "" "" user 10
  user 2 true "{username}" "{password}" admin 10
"""
_MACHINE = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""
# How long a server tests itself before it boots; real ones take minutes. A head that is back 3 s after its power
# was cut joins in the middle of the takeover, which then took 15 s longer (seen).
FIRMWARE_S = 20

# The simulator waits for this: self-test and boot go on beside it, and the power is on meanwhile.
_CHASSIS = """\
#!/bin/sh
exec 2>>{log}
echo "$(date +%FT%T.%N) $*" >&2
lab() {{ {lab} "$@"; }}
running() {{ [ -e {power} ]; }}
off() {{
    rm -f testing
    running || return 0
    # At once; what else belongs to a power loss follows.
    echo 1 >{kill}
    lab power-off --name {name} {host} >&2
}}
on() {{
    running && return
    : >testing
    (
        sleep {firmware}
        [ -e testing ] || exit
        lab power-on --name {name} {host} >&2
        rm -f testing
    ) </dev/null >&2 &
}}
cd {directory} || exit
case "$*" in
"get power") if running || [ -e testing ]; then echo power:1; else echo power:0; fi ;;
"set power 0") off ;;
"set power 1") on ;;
"set reset 1") off && on ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The controller of one head; it has power of its own, and ends with the lab."""

    places: Places
    plan: HostPlan

    @property
    def address(self) -> str:
        """10.81.0.251 for the first head, .252 for the second; in the client network, as many are."""
        return f"10.81.0.25{self.plan.name[-1]}"

    @property
    def is_running(self) -> bool:
        """Whether it answers, or would if its network did."""
        return load_power(self.places, self._name) is not None

    def power_on(self) -> None:
        """Starts answering; nothing when it does already."""
        if self.is_running:
            return
        directory = self.places.state / self._name
        (directory / "state").mkdir(parents=True, exist_ok=True)
        self._write_settings(directory)
        Network(self.places).add_address(self.address)
        # As with hosts: in a group that once was killed the kernel may kill what starts.
        self._cgroup.kill()
        self._cgroup.remove()
        self._cgroup.create()
        # Not `ip netns exec`: its mounts would hide the control groups that the hosts are made of.
        into = ("nsenter", f"--net={NAMESPACE_ROOT / self.places.switch_namespace}")
        files = (f"-c{directory}/lan.conf", f"-f{directory}/machine.emu", f"-s{directory}/state")
        groups = (str(file) for file in self._cgroup.boot_files())
        argv = ("sh", "-c", JOIN, "join", *groups, "--", *into, "ipmi_sim", "-n", *files)
        pid = detach(argv, log=directory / "log", env=os.environ)
        save_power(self.places, self._name, mark_of(pid))
        access = ("-I", "lanplus", "-C", "3", "-H", self.address, "-U", USERNAME, "-P", PASSWORD)
        ask = (*into, "ipmitool", *access, "chassis", "power", "status")
        wait_until(
            lambda: run(ask, check=False).returncode == 0, deadline_s=300, what=f"{self._name} answers"
        )

    def power_off(self) -> None:
        """Falls silent, as with its own power lost; the head itself stays as it is."""
        self._cgroup.kill()
        forget_power(self.places, self._name)

    @property
    def _name(self) -> str:
        return f"{self.plan.name}-controller"

    @property
    def _cgroup(self) -> HostCgroup:
        return HostCgroup(path=f"{self.places.lab}/{self._name}")

    def _write_settings(self, directory: Path) -> None:
        chassis = directory / "chassis"
        (directory / "lan.conf").write_text(
            _SETTINGS.format(
                name=self._name,
                address=self.address,
                chassis=chassis,
                username=USERNAME,
                password=PASSWORD,
            )
        )
        (directory / "machine.emu").write_text(_MACHINE)
        chassis.write_text(
            _CHASSIS.format(
                log=shlex.quote(str(directory / "chassis.log")),
                directory=shlex.quote(str(directory)),
                firmware=FIRMWARE_S,
                kill=shlex.quote(str(HostCgroup(path=f"{self.places.lab}/{self.plan.name}").kill_file)),
                lab=f"{shlex.quote(sys.executable)} -m live_lab",
                power=shlex.quote(str(NAMESPACE_ROOT / self.places.host_namespace(self.plan.name))),
                name=self.places.lab,
                host=self.plan.name,
            )
        )
        chassis.chmod(0o755)
