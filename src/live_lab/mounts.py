"""Mounts and loop devices below a directory: found, and taken away before anything is deleted there."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from live_lab.process import run


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


def remove_tree(directory: Path) -> None:
    """Deletes a directory after everything mounted on it or fed from it was taken away."""
    for point in mounts_below(directory):
        run(("umount", str(point)))
    for device in loop_devices_below(directory):
        run(("losetup", "--detach", device))
    if directory.exists():
        shutil.rmtree(directory)
