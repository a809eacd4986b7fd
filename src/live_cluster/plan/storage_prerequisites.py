"""What must hold for the file storage before anything is touched (C6, C15)."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import BlockDevice, CifsShare, ClusterSettings, DrbdDisk, NfsExport
from live_cluster.plan.device_prerequisites import device_problems
from live_cluster.plan.drbd_prerequisites import drbd_problems
from live_cluster.plan.mounts import device_of, drbd_resource, managed_mirror
from live_cluster.plan.share_prerequisites import share_problems
from live_cluster.plan.storage_change import Wanted, change_problems


def storage_problems(settings: ClusterSettings, profile: Profile, facts: ClusterFacts) -> Iterator[Problem]:
    """Nothing for a product without files."""
    if profile.filestorage is None:
        return
    match settings.filestorage:
        case None:
            # The resource tree holds a file system, and the application runs only where it is mounted.
            yield problem("option-missing", option="filestorage-device", example="/dev/mapper/filestorage")
        case BlockDevice():
            yield from device_problems(
                facts,
                settings.storage_orders,
                mount_point=profile.filestorage.mount_point,
                is_formed=facts.has_resource(profile.resources.database_clone),
            )
        case DrbdDisk() as disk:
            yield from drbd_problems(disk, facts)
        case CifsShare() | NfsExport() as share:
            yield from share_problems(share, settings, profile, facts)
    if settings.storage_orders.may_format and not isinstance(settings.filestorage, BlockDevice | None):
        yield problem("format-without-device", option="format-filestorage")
    wanted = Wanted(
        device=device_of(settings.filestorage),
        mirror=drbd_resource(settings.filestorage, facts),
        managed=managed_mirror(profile, facts),
    )
    yield from change_problems(settings, facts, wanted)
    yield from _account(profile.filestorage.owner, facts)


def _account(user: str, facts: ClusterFacts) -> Iterator[Problem]:
    """File systems hold numbers: with another one the application could not read its files after a switch-over."""
    first, second = (head.storage_owner for head in facts.heads)
    if first and second and first != second:
        yield problem(
            "account-differs", node=facts.heads[1].node.server.name, user=user, first=first, second=second
        )
