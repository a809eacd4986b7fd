"""Mounts and loop devices below a directory: found, and taken away before anything is deleted there."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import struct
from pathlib import Path

from live_lab.process import run

# linux/loop.h: LOOP_SET_STATUS64, LOOP_GET_STATUS64 and where struct loop_info64 has lo_sizelimit.
_SET_STATUS, _GET_STATUS, _STATUS_BYTES, _SIZE_LIMIT_AT = 0x4C04, 0x4C05, 232, 32


def _decoded(text: str) -> Path:
    return Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text))


def mounts_below(directory: Path) -> list[Path]:
    """Mount points at or below the directory, the deepest and latest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [_decoded(line.split()[4]) for line in lines]
    return [point for point in reversed(points) if point.is_relative_to(directory)]


def loop_devices_below(directory: Path) -> list[str]:
    """Loop devices whose file is (or was) below the directory."""
    listing = run(("losetup", "--list", "--json", "--output", "NAME,BACK-FILE")).stdout
    devices = json.loads(listing)["loopdevices"] if listing.strip() else []
    return [
        device["name"]
        for device in devices
        if Path((device["back-file"] or "").removesuffix(" (deleted)")).is_relative_to(directory)
    ]


def attach_loop(file: Path) -> str:
    """Makes the file a block device and returns its node."""
    return run(("losetup", "--find", "--show", str(file))).stdout.strip()


def loop_of(file: Path) -> str:
    """Node of the block device that this file is."""
    return run(("losetup", "--noheadings", "--output", "NAME", "--associated", str(file))).stdout.strip()


def is_limited(device: str) -> bool:
    """Whether `limit_loop` has set a limit that is still there."""
    return run(("losetup", "--noheadings", "--output", "SIZELIMIT", device)).stdout.strip() != "0"


def limit_loop(device: str, size_bytes: int) -> None:
    """Everything behind the limit answers with errors; the file keeps its content. 0 takes the limit away."""
    with Path(device).open("rb") as node:
        status = bytearray(_STATUS_BYTES)
        fcntl.ioctl(node, _GET_STATUS, status)
        struct.pack_into("=Q", status, _SIZE_LIMIT_AT, size_bytes)
        fcntl.ioctl(node, _SET_STATUS, bytes(status))


def remove_tree(directory: Path) -> None:
    """Deletes a directory after everything mounted on it or fed from it was taken away."""
    for point in mounts_below(directory):
        run(("umount", str(point)))
    for device in loop_devices_below(directory):
        run(("losetup", "--detach", device))
    if directory.exists():
        shutil.rmtree(directory)
