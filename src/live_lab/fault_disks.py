"""Faults of disks and file systems: no space, no inodes, or a disk that answers nothing but errors."""

from __future__ import annotations

from live_lab.host import Host

_FILLING = "/var/lib/live-lab-filling"
_STORAGE_FILLING = "/srv/filestorage/live-lab-filling"
_INODES = "/var/lib/live-lab-inodes"
_RUN_MARK = "/var/lib/live-lab-run-size"
# Ends at the first file for which there is no inode.
_USE_INODES = f"""
import os
number = 0
try:
    while True:
        if number % 10000 == 0:
            os.makedirs("{_INODES}/%d" % (number // 10000))
        os.mknod("{_INODES}/%d/%d" % (number // 10000, number))
        number += 1
except OSError:
    pass
"""
# A file system in memory that is made as small as what it holds takes nothing more; filling it would cost memory.
_FILL_RUN = f"""
awk '$2 == "/run"' /proc/mounts | grep -o 'size=[0-9]*k' >{_RUN_MARK}
mount -o remount,size="$(df --output=used --block-size=1K /run | tail -n 1 | tr -d ' ')k" /run
"""
# Of a shell on the host: takes back whatever of these faults is there.
FREE = f"""
rm -f -- {_FILLING} {_FILLING}.rest {_STORAGE_FILLING}
rm -rf -- {_INODES}
if [ -s {_RUN_MARK} ]; then mount -o remount,"$(cat {_RUN_MARK})" /run; fi
rm -f -- {_RUN_MARK}
"""


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


def _allocate(host: Host, place: str, filling: str) -> None:
    free_kib = host.run(("df", "--output=avail", "--block-size=1K", place)).stdout.split()[-1]
    host.run(("fallocate", "--length", f"{free_kib}KiB", filling), check=False)


def fill_run(host: Host) -> None:
    """Leaves no space in /run, where every daemon keeps what it needs until the next boot."""
    host.run(("sh", "-euc", _FILL_RUN))


def use_inodes(host: Host) -> None:
    """Leaves no inode on the host's disk: there is space, but no file can be made."""
    host.run(("python3", "-c", _USE_INODES), timeout_s=600)
