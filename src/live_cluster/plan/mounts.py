"""What the cluster mounts for each kind of file storage."""

from __future__ import annotations

from collections.abc import Iterable

from live_cluster.model.drbd import DEVICE, PORT, RESOURCE
from live_cluster.model.drbd_facts import DrbdFacts, DrbdResource
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import BlockDevice, CifsShare, DrbdDisk, NfsExport, Storage
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.shares import share_device, share_mount
from live_cluster.render.cib_storage import Mount, mirror_in


def mount_of(plan: Blueprint) -> Mount:
    """The file system that the file storage's resource holds."""
    share = share_mount(plan.settings, plan.profile, plan.secrets)
    if share is not None:
        return share
    return Mount(device=device_of(plan.settings.filestorage), fstype="ext4", options="noatime")


def device_of(storage: Storage | None) -> str:
    """What it is called by mount(8); nothing where there is none."""
    match storage:
        case BlockDevice():
            return storage.path
        case DrbdDisk():
            return storage.path if storage.is_ready else DEVICE
        case CifsShare() | NfsExport():
            return share_device(storage)
        case None:
            return ""


def drbd_resource(storage: Storage | None, facts: ClusterFacts) -> str:
    """DRBD's own name of what is mounted; empty where it is none of DRBD's."""
    return resource_of(storage, facts.heads)


def resource_of(storage: Storage | None, heads: Iterable[HeadFacts]) -> str:
    """The same by what the heads say."""
    if not isinstance(storage, DrbdDisk):
        return ""
    if not storage.is_ready:
        return RESOURCE
    found = _configured(heads)
    return found.name if found else ""


def managed_mirror(profile: Profile, facts: ClusterFacts) -> str:
    """DRBD's own name of what is in the cluster's configuration already; empty where nothing is."""
    identity = profile.resources.filestorage_drbd
    return next((name for head in facts.heads if (name := mirror_in(head.cib, identity))), "")


def _configured(heads: Iterable[HeadFacts]) -> DrbdResource | None:
    """The resource of the administrator's device; the prerequisites want the same on both heads."""
    seen = (head.storage for head in heads)
    return next((one.resource for one in seen if isinstance(one, DrbdFacts) and one.resource), None)


def drbd_ports(storage: Storage | None, facts: ClusterFacts) -> tuple[int, ...]:
    """Where the heads' DRBD listens for each other."""
    if not isinstance(storage, DrbdDisk):
        return ()
    if not storage.is_ready:
        return (PORT,)
    found = _configured(facts.heads)
    return found.ports if found else ()
