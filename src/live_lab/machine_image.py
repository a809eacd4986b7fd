"""Disks of virtual machines: the layers of a host made one file system, and a copy of it for each machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from live_lab.image_cache import CONFINED, Announce, built, remove_unmounted
from live_lab.places import cache_root
from live_lab.process import run
from live_lab.recipe import digest

DISK_BYTES = 8 * 1024**3
# About 1.1 GB each, and both heads have their own.
IMAGES_KEPT = 12
_BUILD_DEADLINE_S = 900.0

# Arguments: lower directories, a directory for the mount, the image, its size.
_MAKE = """
set -eu
mount -t overlay overlay -o "lowerdir=$1,ro" "$2"
truncate --size="$4" "$3"
mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -d "$2" "$3"
"""


def machine_image(layers: Sequence[Path], announce: Announce) -> Path:
    """The file with the file system made of these layers, the uppermost first."""
    lower = ":".join(map(str, layers))

    def build(partial: Path) -> None:
        announce("Building a disk image for virtual machines; takes half a minute")
        tree, merged = partial / "tree", partial / "merged"
        tree.mkdir()
        merged.mkdir()
        shell = ("sh", "-c", _MAKE, "make", lower, str(merged), str(tree / "disk.img"), str(DISK_BYTES))
        run((*CONFINED, *shell), timeout_s=_BUILD_DEADLINE_S)
        merged.rmdir()

    return (
        built(f"machine-{digest(_MAKE.encode(), str(DISK_BYTES).encode(), lower.encode())}", build)
        / "disk.img"
    )


def prune_machine_images(announce: Announce) -> None:
    """Removes all but those used last; machines have copies."""
    images = [path for path in cache_root().glob("machine-*") if path.is_dir() and path.suffix != ".partial"]
    images.sort(key=lambda path: (cache_root() / f"{path.name}.lock").stat().st_mtime, reverse=True)
    remove_unmounted(images[IMAGES_KEPT:], announce)
