"""Disks: a file system per host, where the overlay keeps what it writes, and the shared block device."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from live_lab.errors import LabCommandFailed
from live_lab.mounts import attach_loop, is_limited, limit_loop, loop_of
from live_lab.places import Places
from live_lab.process import run
from live_lab.topology import GATEWAY, PREFIX_LENGTH, HostPlan, Role

# Sparse files: a host can fill its own disk, as in a real fault, without filling that of the machine.
DISK_BYTES = 8 * 1024**3
LUN_BYTES = 1024**3
# A hundred times what a head uses; using all of them up takes seconds.
_INODES = 128 * 1024
_FIRST_SECTOR = 512
_LAYERS = ("lowerdir=", "upperdir=", "workdir=")
_MKFS = ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1")

# Services of the image that only heads need; on the others they would just cost memory and time.
_HEAD_SERVICES = (
    "postgresql",
    "corosync",
    "pacemaker",
    "smbd",
    "nmbd",
    "samba-ad-dc",
    "logd",
    "corosync-qnetd",
)


def sparse_file(path: Path, size: int) -> None:
    """A file of so many bytes that takes no room before they are written."""
    with path.open("wb") as file:
        file.truncate(size)


def create_lun(places: Places) -> str:
    """The administrator's part of the shared storage: a block device with ext4; returns its node here."""
    sparse_file(places.lun, LUN_BYTES)
    run((*_MKFS, "-L", "filestorage", str(places.lun)))
    return attach_loop(places.lun)


def create_empty_lun(places: Places, name: str) -> str:
    """One more, with nothing on it; goes with the lab."""
    file = places.disks / f"{name}.img"
    sparse_file(file, LUN_BYTES)
    return attach_loop(file)


def create_disk(places: Places, host: HostPlan, layers: Sequence[Path]) -> None:
    """A fresh disk, mounted at the host's root, as its installer would have left it."""
    home = places.root(host.name).parent
    disk, mounted = home / "disk.img", home / "disk"
    for directory in (home, mounted, places.root(host.name)):
        directory.mkdir(parents=True)
    sparse_file(disk, DISK_BYTES)
    run((*_MKFS, "-m", "0", "-N", str(_INODES), str(disk)))
    run(("mount", "-o", "loop", str(disk), str(mounted)))
    (mounted / "upper").mkdir(mode=0o755)
    (mounted / "work").mkdir()
    lower = ":".join(str(layer) for layer in layers)
    options = f"lowerdir={lower},upperdir={mounted}/upper,workdir={mounted}/work"
    run(("mount", "-t", "overlay", "overlay", "-o", options, str(places.root(host.name))))
    personalise(places.root(host.name), host)


def lose_disk(places: Places, host: HostPlan) -> None:
    """Whatever the host reads from its disk, or writes there, ends in an error; what it has in memory stays."""
    limit_loop(loop_of(_disk_of(places, host)), _FIRST_SECTOR)


def is_disk_lost(places: Places, host: HostPlan) -> bool:
    """Whether that is so; a virtual machine has its disk for itself."""
    return not host.is_machine and is_limited(loop_of(_disk_of(places, host)))


def restore_disk(places: Places, host: HostPlan) -> None:
    """The disk answers again, with what had reached it; the host has to be off."""
    root, disk = places.root(host.name), _disk_of(places, host)
    options = run(("findmnt", "--noheadings", "--output", "FS-OPTIONS", "--mountpoint", str(root))).stdout
    limit_loop(loop_of(disk), 0)
    run(("umount", str(root)))
    run(("umount", str(disk.parent / "disk")))
    # After such errors the kernel may keep the old file system for ever (seen with 6.18): the new one gets a copy.
    copy = disk.with_suffix(".copy")
    run(("cp", "--sparse=always", str(disk), str(copy)))
    copy.rename(disk)
    # 1: errors were corrected, as after any loss of a disk.
    checked = run(("e2fsck", "-f", "-y", str(disk)), check=False)
    if checked.returncode > 1:
        raise LabCommandFailed(("e2fsck", str(disk)), checked.returncode, checked.stdout)
    run(("mount", "-o", "loop", str(disk), str(disk.parent / "disk")))
    layers = [part for part in options.strip().split(",") if part.startswith(_LAYERS)]
    run(("mount", "-t", "overlay", "overlay", "-o", ",".join(layers), str(root)))


def _disk_of(places: Places, host: HostPlan) -> Path:
    return places.root(host.name).parent / "disk.img"


def personalise(root: Path, host: HostPlan) -> None:
    """What makes two installations different: name, identity, keys, addresses."""
    (root / "etc/hostname").write_text(f"{host.hostname}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1\tlocalhost\n127.0.1.1\t{host.hostname}\n")
    (root / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
    (root / "etc/network/interfaces").write_text(_interfaces(host))
    run(("ssh-keygen", "-q", "-A", "-f", str(root)))
    if host.role is not Role.HEAD:
        run(("systemctl", f"--root={root}", "--quiet", "disable", *_HEAD_SERVICES))


def _interfaces(host: HostPlan) -> str:
    """Static addresses outlive a cut cable. A reboot from within keeps the namespace: hence the flush.

    Machines have files of networkd.
    """
    stanzas = ["auto lo\niface lo inet loopback\n"]
    for port in () if host.is_machine else host.ports:
        lines = [
            f"auto {port.link}",
            f"iface {port.link} inet static",
            f"    address {port.address}/{PREFIX_LENGTH}",
            f"    pre-up ip address flush dev {port.link}",
        ]
        if port.address.rpartition(".")[0] == GATEWAY.rpartition(".")[0]:
            lines.append(f"    gateway {GATEWAY}")
        stanzas.append("\n".join(lines) + "\n")
    return "\n".join(stanzas)
