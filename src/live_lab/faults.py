"""Faults within a host, besides those of power, cables and switches that Host and Lab have themselves."""

from __future__ import annotations

from live_lab.lab import Lab
from live_lab.nspawn_host import Host

_FILLING = "/var/lib/live-lab-filling"


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


def fill_disk(host: Host) -> None:
    """Uses up the host's disk to the last block."""
    free_kib = host.run(("df", "--output=avail", "--block-size=1K", "/")).stdout.split()[-1]
    host.run(("fallocate", "--length", f"{free_kib}KiB", _FILLING), check=False)
    host.run(
        ("dd", "if=/dev/zero", f"of={_FILLING}.rest", "bs=4K", "status=none"), check=False, timeout_s=600
    )


def free_disk(host: Host) -> None:
    """Gives back what `fill_disk` took."""
    host.run(("rm", "-f", "--", _FILLING, f"{_FILLING}.rest"))
