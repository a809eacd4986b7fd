"""One control group per host: freezing, and the atomic end of everything that runs in it.

Hosts that share one tree fail units at random (219/CGROUP) when both start the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from live_lab.errors import LabError
from live_lab.wait import wait_until

TOP = "live-lab"
# Arguments: files of control groups to join, --, the command.
JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1"; shift; done; shift; exec "$@"'


def _mounted(kind: str, option: str = "") -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, target, filesystem, options, *_ = line.split()
        if filesystem == kind and (not option or option in options.split(",")):
            return Path(target)
    return None


def hierarchies() -> tuple[Path, ...]:
    """The unified hierarchy first; on hybrid machines also the named one, in which nspawn looks itself up."""
    unified = _mounted("cgroup2")
    if unified is None:
        raise LabError("this machine has no unified control group hierarchy (cgroup2); mount one")
    named = _mounted("cgroup", "name=systemd")
    return (unified,) if named is None else (unified, named)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCgroup:
    """The control groups of one host (or of a whole lab, for its removal)."""

    path: str

    @property
    def _unified(self) -> Path:
        return hierarchies()[0] / TOP / self.path

    @property
    def kill_file(self) -> Path:
        """Writing 1 here ends everything in the group at once (cgroup.kill of the kernel's documentation)."""
        return self._unified / "cgroup.kill"

    def create(self) -> None:
        """One group for the machine, one beside it for commands entering from outside."""
        for hierarchy in hierarchies():
            (hierarchy / TOP / self.path / "visitors").mkdir(parents=True, exist_ok=True)

    def boot_files(self) -> tuple[Path, ...]:
        """A process that writes 0 here belongs to the host, as its supervisor."""
        return tuple(hierarchy / TOP / self.path / "cgroup.procs" for hierarchy in hierarchies())

    def visitor_files(self) -> tuple[Path, ...]:
        """A process that writes 0 here shares the host's fate; the host's systemd does not know it."""
        return tuple(hierarchy / TOP / self.path / "visitors" / "cgroup.procs" for hierarchy in hierarchies())

    def freeze(self) -> None:
        """Stops every process at once and waits until all stand still."""
        self._write("cgroup.freeze", "1")
        wait_until(lambda: "frozen 1" in self._events(), deadline_s=300, what=f"{self.path} frozen")

    def thaw(self) -> None:
        """Lets them go on."""
        self._write("cgroup.freeze", "0")

    def kill(self) -> None:
        """SIGKILL to all at once, frozen ones too; returns when none is left."""
        if not self._unified.is_dir():
            return
        self._write("cgroup.kill", "1")
        wait_until(
            lambda: "populated 0" in self._events(), deadline_s=300, what=f"{self.path} empty", every_s=0.02
        )

    def remove(self) -> None:
        """Takes the empty groups away, children first."""
        for hierarchy in hierarchies():
            top = hierarchy / TOP / self.path
            for directory in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                directory.rmdir()
            if top.is_dir():
                top.rmdir()

    def _events(self) -> str:
        return (self._unified / "cgroup.events").read_text()

    def _write(self, file: str, text: str) -> None:
        (self._unified / file).write_text(text)
