"""What the cluster mounts for each kind of file storage."""

from __future__ import annotations

from live_cluster.model.settings import BlockDevice, Storage
from live_cluster.render.cib_storage import Mount


def mount_of(storage: Storage | None) -> Mount:
    """The file system that the file storage's resource holds."""
    # Other kinds are refused before a plan is made (model/not_yet.py).
    device = storage.path if isinstance(storage, BlockDevice) else ""
    return Mount(device=device, fstype="ext4", options="noatime")
