"""What a lab leaves for whoever has to find out why a test failed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from live_lab.errors import LabError
from live_lab.host import Host
from live_lab.machine_disk import copy_from_disk
from live_lab.places import Places
from live_lab.process import run

_TREES = ("var/log", "var/lib/pacemaker/cib", "etc/corosync")
# The journals become text; keys stay where they are.
_LEFT_OUT = shutil.ignore_patterns("journal", "private", "authkey", "apt", "*.bin")


# A machine that does not write this in time is frozen or has lost its disk; its older logs are there.
_SYNC_TIMEOUT_S = 30.0


def collect(places: Places, hosts: Sequence[Host], target: Path) -> None:
    """Copies from the disks: hosts that are off, frozen or cut off give their logs, too; replaces earlier ones."""
    for host in hosts:
        own = target / host.name
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        if places.console(host.name).exists():
            shutil.copy(places.console(host.name), own)
        if host.plan.is_machine:
            with contextlib.suppress(LabError):
                host.run(("sync",), timeout_s=_SYNC_TIMEOUT_S)
            with tempfile.TemporaryDirectory() as taken:
                copy_from_disk(places, host.name, _TREES, Path(taken))
                _copy(Path(taken), own)
        else:
            _copy(places.root(host.name), own)


def _copy(root: Path, own: Path) -> None:
    for tree in _TREES:
        if (root / tree).is_dir():
            shutil.copytree(root / tree, own / tree, symlinks=True, ignore=_LEFT_OUT)
    journal = (
        "journalctl",
        f"--directory={root}/var/log/journal",
        "--no-pager",
        "--output=short-iso-precise",
    )
    (own / "journal.txt").write_text(run(journal, check=False, timeout_s=300).stdout)
