"""Where everything of a lab lives; each name carries the lab's own, so that labs do not meet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATE_ROOT = Path("/run/live-lab")
DISK_ROOT = Path("/var/lib/live-lab")
NAMESPACE_ROOT = Path("/run/netns")


def cache_root() -> Path:
    """Where images are kept between labs (LIVE_LAB_CACHE)."""
    return Path(os.environ.get("LIVE_LAB_CACHE", "/var/cache/live-lab"))


def dist_directory() -> Path:
    """Where the product's packages are taken from (LIVE_LAB_DIST, else dist/ of this checkout)."""
    return Path(os.environ.get("LIVE_LAB_DIST", Path(__file__).resolve().parents[2] / "dist"))


def logs_directory() -> Path:
    """Where the logs of a lab go in which something failed (LIVE_LAB_LOGS)."""
    return Path(os.environ.get("LIVE_LAB_LOGS", "build/lab-logs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Files, directories and names of one lab."""

    lab: str

    @property
    def state(self) -> Path:
        """Small files that say what runs; gone after a restart of the machine, as the lab is."""
        return STATE_ROOT / self.lab

    @property
    def lock(self) -> Path:
        """Held while a lab is made or removed."""
        return STATE_ROOT / f"{self.lab}.lock"

    @property
    def disks(self) -> Path:
        """Disks and mount points."""
        return DISK_ROOT / self.lab

    @property
    def lun(self) -> Path:
        """Contents of the block device that both heads see."""
        return self.disks / "lun.img"

    @property
    def name_prefix(self) -> str:
        """Begins the names of namespaces and machines; a dot cannot stand in a lab's name."""
        return f"ll.{self.lab}."

    @property
    def switch_namespace(self) -> str:
        """Network namespace of the switches."""
        return f"{self.name_prefix}switch"

    def host_namespace(self, host: str) -> str:
        """Network namespace of a host; a new one for each boot."""
        return self.name_prefix + host

    def host_state(self, host: str) -> Path:
        """Which process is this host's power."""
        return self.state / f"{host}.json"

    def cut_mark(self, host: str, link: str) -> Path:
        """Exists while the cable is cut, also over a power cycle."""
        return self.state / f"{host}.{link}.cut"

    def console(self, host: str) -> Path:
        """What the host wrote on its console, all boots."""
        return self.disks / host / "console.log"

    def root(self, host: str) -> Path:
        """Mounted file tree of the host."""
        return self.disks / host / "root"
