"""What must hold for the file storage before anything is touched (C6, C15)."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.profile import Profile
from live_cluster.model.settings import BlockDevice, ClusterSettings
from live_cluster.model.storage_facts import BlockDeviceFacts


def storage_problems(settings: ClusterSettings, profile: Profile, facts: ClusterFacts) -> Iterator[Problem]:
    """Nothing for a product without files."""
    if profile.filestorage is None:
        return
    match settings.filestorage:
        case None:
            # The resource tree holds a file system, and the application runs only where it is mounted.
            yield problem("option-missing", option="filestorage-device", example="/dev/mapper/filestorage")
        case BlockDevice() as device:
            yield from _lun(device, facts)
        case _:
            pass
    yield from _account(profile.filestorage.owner, facts)


def _lun(device: BlockDevice, facts: ClusterFacts) -> Iterator[Problem]:
    seen = []
    for head in facts.heads:
        place = {"option": "filestorage-device", "node": head.node.server.name, "device": device.path}
        if not isinstance(head.storage, BlockDeviceFacts):
            continue
        seen.append(head.storage.uuid)
        if not head.storage.exists:
            yield problem("device-missing", **place)
        elif head.storage.filesystem != "ext4":
            yield problem("device-not-ext4", found=head.storage.filesystem or "-", **place)
    if len(set(seen)) > 1:
        yield problem("devices-differ", option="filestorage-device", first=seen[0], second=seen[1])


def _account(user: str, facts: ClusterFacts) -> Iterator[Problem]:
    """File systems hold numbers: with another one the application could not read its files after a switch-over."""
    first, second = (head.storage_owner for head in facts.heads)
    if first and second and first != second:
        yield problem(
            "account-differs", node=facts.heads[1].node.server.name, user=user, first=first, second=second
        )
