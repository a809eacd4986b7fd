"""The kernel of virtual machines: User-mode Linux of Debian 13, on either release, unless LIVE_LAB_KERNEL says 12.

6.12 changes the memory of a process in batches, where 6.1 asked the host for each range of pages: 200 times fork
and exec took 2.8 to 3.1 s instead of 6.1 to 7.1 s (side by side, on a busy machine). It needs the C library of its
own release, which is laid over this machine's for it alone.

6.12 panics when a process is killed in the middle of its fork: what has been copied of its memory ends in a mark
that `flush_tlb_mm` takes for a part of it. Pacemaker kills agents that it needs no more, all at once when
maintenance mode begins: both runs of the test of split-brains, which does that four times, ended so. 6.1 has no
such mark.
"""

from __future__ import annotations

import os
from pathlib import Path

from live_lab.errors import LabError
from live_lab.image_cache import Announce, built, unpack
from live_lab.recipe import RELEASES

PACKAGE = "user-mode-linux"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
# $1: the libraries. One mount for all of them: the loader and the library belong together.
_BESIDE_ITS_LIBRARIES = (
    f'mount -t overlay overlay -o "lowerdir=$1:/{_LIBRARIES}" /{_LIBRARIES} && shift && exec "$@"'
)


def default_kernel() -> str:
    """The release whose kernel a new lab's machines run: 6.12 of trixie, or 6.1 of bookworm."""
    release = os.environ.get("LIVE_LAB_KERNEL") or "trixie"
    if release not in RELEASES:
        raise LabError(f"LIVE_LAB_KERNEL is one of {', '.join(RELEASES)}; not {release!r}")
    return release


def kernel_tree(release: str, announce: Announce) -> Path:
    """The unpacked packages, from the cache or the mirror; as new as when they were fetched."""

    def build(partial: Path) -> None:
        announce("Fetching the kernel of virtual machines")
        unpack(partial, release, variant="extract", packages=(PACKAGE,))

    return built(f"kernel-{release}-{PACKAGE}", build)


def modules_of(tree: Path) -> Path:
    """The directory of its modules, named by its version."""
    versions = sorted((tree / "usr/lib/uml/modules").glob("*"))
    if not versions:
        raise LabError(f"{PACKAGE} has brought no kernel modules to {tree}; remove that directory")
    return versions[-1]


def program_of(tree: Path) -> str:
    """The kernel as a program."""
    return str(tree / "usr/bin/linux.uml")


def beside_its_libraries(tree: Path, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command line that runs `argv`, and what that starts, where the kernel finds its own C library."""
    namespace = ("unshare", "--mount", "--propagation", "private")
    return (*namespace, "sh", "-c", _BESIDE_ITS_LIBRARIES, "kernel", str(tree / _LIBRARIES), *argv)
