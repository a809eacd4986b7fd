"""What labs are made of is built once and kept: named by content, whole or absent, whatever kills a build."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from live_lab.apt_sources import apt_options, sources_for
from live_lab.errors import LabCommandFailed, LabError, LabInUse
from live_lab.mounts import remove_tree
from live_lab.places import cache_root
from live_lab.process import run
from live_lab.state import lock

# Everything dies with us, mounts included: a killed build leaves only files, which the next build removes.
CONFINED = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
)  # fmt: skip
CLEAN = (
    "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
)  # fmt: skip
BUILD_DEADLINE_S = 1800.0

Announce = Callable[[str], None]


def silent(_: str) -> None:
    """Announces nothing."""


def built(name: str, build: Callable[[Path], None]) -> Path:
    """The tree of this name from the cache; made under another name first, so that it is whole or absent."""
    cache = cache_root()
    finished, partial = cache / name, cache / f"{name}.partial"
    if not finished.is_dir():
        with lock(cache / f"{name}.lock", what=f"image {name}", deadline_s=BUILD_DEADLINE_S):
            if not finished.is_dir():
                remove_tree(partial)
                partial.mkdir(parents=True)
                try:
                    build(partial)
                except LabCommandFailed as failure:
                    remove_tree(partial)
                    raise LabError(
                        f"the image {name} could not be built:\n{failure.output[-3000:]}"
                    ) from failure
                partial.rename(finished)
    (cache / f"{name}.lock").touch()
    return finished / "tree"


def unpack(partial: Path, release: str, *, variant: str, packages: Sequence[str]) -> Path:
    """A tree of Debian's packages below `partial`; `variant` in the words of mmdebstrap(1)."""
    tree, options = partial / "tree", partial / "apt.conf"
    options.write_text(apt_options())
    command = (
        "mmdebstrap", "--mode=root", f"--variant={variant}",
        f"--aptopt={options}", f"--include={','.join(packages)}", release, str(tree), "-",
    )  # fmt: skip
    run((*CONFINED, *CLEAN, *command), stdin=sources_for(release), timeout_s=BUILD_DEADLINE_S)
    return tree


def prune_unfinished(announce: Announce) -> None:
    """Removes what killed builds left; those at work hold their lock."""
    for partial in cache_root().glob("*.partial"):
        with (
            contextlib.suppress(LabInUse),
            lock(partial.with_suffix(".lock"), what=partial.name, deadline_s=0),
        ):
            announce(f"Removing an unfinished image: {partial.name}")
            remove_tree(partial)


def remove_unmounted(trees: list[Path], announce: Announce) -> None:
    """Removes directories of the cache, but for those that a lab has mounted."""
    mounted = Path("/proc/self/mountinfo").read_text()
    for tree in trees:
        if str(tree) not in mounted:
            announce(f"Removing an old image: {tree.name}")
            # Whoever renames it first removes it; what a killed process leaves is an unfinished image to the next.
            claimed = tree.with_suffix(".partial")
            with contextlib.suppress(FileNotFoundError):
                tree.rename(claimed)
                shutil.rmtree(claimed)
