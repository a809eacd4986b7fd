"""Takes away all that a lab has on the machine, whoever made it and however far it came."""

from __future__ import annotations

import shutil
from pathlib import Path

from live_lab.cgroup import HostCgroup
from live_lab.mounts import remove_tree
from live_lab.network import namespaces, remove_namespace
from live_lab.places import Places


def reap(places: Places) -> None:
    """Needs no records: everything is found by the lab's own name, so it also works after a killed run."""
    cgroup = HostCgroup(path=places.lab)
    cgroup.kill()
    for namespace in namespaces(places.name_prefix):
        remove_namespace(namespace)
    # nspawn leaves these behind where /run is no tmpfs.
    for directory in Path("/run/systemd/nspawn").glob(f"*/{places.name_prefix}*"):
        remove_tree(directory)
    remove_tree(places.disks)
    cgroup.remove()
    if places.state.is_dir():
        shutil.rmtree(places.state)
