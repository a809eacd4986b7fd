"""What a lab leaves for whoever has to find out why a test failed."""

from __future__ import annotations

import shutil
from pathlib import Path

from live_lab.places import Places
from live_lab.process import run

_TREES = ("var/log", "var/lib/pacemaker/cib", "etc/corosync")
# The journals become text; keys stay where they are.
_LEFT_OUT = shutil.ignore_patterns("journal", "private", "authkey", "apt", "*.bin")


def collect(places: Places, hosts: list[str], target: Path) -> None:
    """Copies from the disks: hosts that are off, frozen or cut off give their logs, too; replaces earlier ones."""
    for host in hosts:
        root, own = places.root(host), target / host
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        if places.console(host).exists():
            shutil.copy(places.console(host), own)
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
