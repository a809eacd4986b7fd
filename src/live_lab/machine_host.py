"""A host with a kernel of its own: a whole Debian server under User-mode Linux."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from live_lab import channel
from live_lab.cgroup import JOIN
from live_lab.errors import HostIsOff, LabCommandFailed
from live_lab.host import CLEAN_ENVIRONMENT, Host
from live_lab.image_cache import silent
from live_lab.machine_disk import kernel_interface, local_disk, memory_directory, sbd_disk
from live_lab.machine_kernel import beside_its_libraries, kernel_tree, program_of
from live_lab.network import CONTROL, hardware_address
from live_lab.places import NAMESPACE_ROOT, Places
from live_lab.process import Completed, detach, run
from live_lab.topology import HostPlan

MEMORY_MIB = 1280
# The call trace and the registers follow.
_PANIC_LINES = 100
# What is found here under the kernel's name is run at a reboot from within.
_POWER_DIRECTORY = Path(__file__).resolve().parent / "assets" / "power"
# 133: a reboot; 142 and 157: its own SIGALRM or SIGIO on the way there. A halted system ends with 0.
_POWER = 'while (exec -a linux.uml "$0" "$@"); case $? in 133|142|157) true ;; *) false ;; esac; do :; done'
# Only what comes in: without a filter of ours, User-mode Linux drops whatever has the interface's own hardware
# address as its source. All slaves of a bond have the same, and a backup slave finds out that it is connected by
# the ARP requests of the active one. Instructions (code, jump if true, jump if false, operand): load the packet's
# type; is it 4 (PACKET_OUTGOING)?; drop; take.
_INCOMING = ((0x30, 0, 0, 0xFFFFF004), (0x15, 0, 1, 4), (0x06, 0, 0, 0), (0x06, 0, 0, 0x40000))


class MachineHost(Host):
    """A virtual machine of the lab: slow to boot and to start processes, but as a server in everything else."""

    # 30 s on a machine that does nothing else.
    boot_deadline_s = 900.0
    shut_down_deadline_s = 900.0
    _boot_look_every_s = 1.0

    def __init__(self, places: Places, plan: HostPlan, lun_device: str, *, kernel: str) -> None:
        super().__init__(places, plan)
        self._lun_device = lun_device
        self._kernel = kernel

    def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", check: bool = True, timeout_s: float = 120.0
    ) -> Completed:
        """As everywhere; HostIsOff also while it boots or goes down."""
        completed = run(self.enter(argv), stdin=stdin, check=False, timeout_s=timeout_s)
        if completed.returncode == channel.NO_ANSWER and completed.stderr.startswith(channel.NO_ANSWER_TEXT):
            raise HostIsOff(f"{self.name} has power but its system does not run (booting or going down)")
        if check and completed.returncode != 0:
            raise LabCommandFailed(argv, completed.returncode, completed.stderr or completed.stdout)
        return completed

    def enter(self, argv: Sequence[str], *, environment: Sequence[str] = ()) -> tuple[str, ...]:
        """The command line that asks the machine, over the lab's own cable, to run `argv`."""
        if not self.is_running:
            console = self._places.console(self.name)
            # Before its first boot it has none.
            panic = last_panic(console.read_text(errors="replace")) if console.exists() else ""
            why = panic and f" ({panic}: see {console})"
            raise HostIsOff(f"{self.name} is off{why}; power it on first")
        files = (str(file) for file in self._cgroup.visitor_files())
        into = ("nsenter", f"--net={NAMESPACE_ROOT / self._places.host_namespace(self.name)}")
        call = (sys.executable, "-I", "-S", channel.__file__, "call", *CLEAN_ENVIRONMENT, *environment)
        return ("sh", "-c", JOIN, "join", *files, "--", *into, *call, "--", *argv)

    def incarnation(self) -> str:
        """The kernel's own name of this boot."""
        return self.read("/proc/sys/kernel/random/boot_id").strip()

    def _has_system(self) -> bool:
        try:
            return self.run(("test", "-S", "/run/systemd/private"), check=False).returncode == 0
        except HostIsOff:
            return False

    def _start(self) -> int:
        memory = memory_directory(self._places, self.name)
        if not memory.is_mount():
            run(("mount", "-t", "tmpfs", "-o", "size=100%,mode=0700", "tmpfs", str(memory)))
        self._filter.write_bytes(b"".join(struct.pack("=HBBI", *line) for line in _INCOMING))
        # It is there since the machine's image was made of it.
        kernel = kernel_tree(self._kernel, silent)
        power = ("bash", "-c", _POWER, program_of(kernel), *self._machine())
        groups = (str(file) for file in self._cgroup.boot_files())
        into = ("nsenter", f"--net={NAMESPACE_ROOT / self._places.host_namespace(self.name)}")
        argv = (
            "sh",
            "-c",
            JOIN,
            "join",
            *groups,
            "--",
            *into,
            *self._on_one_processor(),
            *beside_its_libraries(kernel, power),
        )
        path = f"{_POWER_DIRECTORY}:{os.environ.get('PATH', os.defpath)}"
        environment = {**os.environ, "TMPDIR": str(memory), "PATH": path}
        return detach(argv, log=self._places.console(self.name), env=environment)

    def _on_one_processor(self) -> tuple[str, ...]:
        """The heads of a lab have one each; which of them the first one has is another matter in each lab.

        The kernel and the process that it runs take turns; woken up on another processor, each turn costs several
        times as much. One fork and exec took 58 to 69 ms on any of two processors, and 15 to 36 on one.
        """
        processors = sorted(os.sched_getaffinity(0))
        number = int(self.plan.name.rpartition("-")[2]) + crc32(self._places.lab.encode())
        return ("taskset", "--cpu-list", str(processors[number % len(processors)]))

    @property
    def _filter(self) -> Path:
        return self._places.state / f"{self.name}.bpf"

    def _machine(self) -> tuple[str, ...]:
        home = self._places.root(self.name).parent
        return (
            f"mem={MEMORY_MIB}M",
            f"umid={self.name}",
            f"uml_dir={self._places.state / 'machines'}",
            f"ubd0={home / 'disk.img'}",
            f"ubd1={local_disk(self._places, self.name)}",
            # Shared: neither is locked.
            f"ubd2c={self._lun_device}",
            f"ubd3c={sbd_disk(self._places)}",
            "root=/dev/ubda",
            "rw",
            # 256 old-style terminals, with two units each: it took systemd 7 s to read its units again, which it
            # does before Pacemaker starts any service.
            "pty.legacy_count=0",
            "con=null",
            "con0=null,fd:2",
            "ssl=null",
            *(self._interface(kernel_interface(self.plan, nic), nic.interface) for nic in self.plan.nics),
            self._interface(channel.INTERFACE, f"{CONTROL}p"),
        )

    def _interface(self, kernel: str, cable: str) -> str:
        """Raw packets: unlike a tap's descriptor, this survives a reboot from within."""
        address = hardware_address(self._places.lab, self.name, cable)
        return f"{kernel}:transport=raw,ifname={cable},mac={address},depth=128,gro=0,bpffile={self._filter}"


def last_panic(console: str) -> str:
    """What a kernel said about its panic at the end of its console; empty where it ended otherwise."""
    last = console.splitlines()[-_PANIC_LINES:]
    return next((line for line in reversed(last) if line.startswith("Kernel panic")), "")
