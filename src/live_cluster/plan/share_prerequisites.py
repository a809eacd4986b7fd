"""What a NAS must allow before anything is touched: both heads have tried (probes/share_trial.py)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.nas import CIFS_PORT, NFS_PORT
from live_cluster.model.profile import Profile
from live_cluster.model.settings import CifsShare, ClusterSettings, NfsExport
from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.plan.shares import share_device

OPTION = "filestorage-device"
_GONE = (ShareOutcome.SILENT, ShareOutcome.REFUSES, ShareOutcome.NAME_UNKNOWN)
_PACKAGES = {"cifs": "cifs-utils", "nfs": "nfs-common"}


def share_problems(
    share: CifsShare | NfsExport, settings: ClusterSettings, profile: Profile, facts: ClusterFacts
) -> Iterator[Problem]:
    """For each head what kept it from using the share."""
    for head in facts.heads:
        seen = head.storage
        if not isinstance(seen, ShareFacts) or seen.outcome is ShareOutcome.GOOD:
            continue
        # A pair that has its files there must stay configurable while the NAS is away.
        is_in_use = seen.outcome in _GONE and _mounts(head, profile, share_device(share))
        judged = warning if is_in_use else problem
        fields = _fields(share, settings, profile, head)
        yield judged(f"share-{seen.outcome.value}{_kind(share, seen, settings)}", **fields)


def _kind(share: CifsShare | NfsExport, seen: ShareFacts, settings: ClusterSettings) -> str:
    """CIFS and NFS have different remedies for these, and a share without login a third one."""
    if seen.outcome in (ShareOutcome.NOT_ALLOWED, ShareOutcome.NOT_WRITABLE, ShareOutcome.SHARE_MISSING):
        if isinstance(share, NfsExport):
            return "-nfs"
        is_guest = settings.filestorage_credentials is None and seen.outcome is ShareOutcome.NOT_ALLOWED
        return "-guest" if is_guest else "-cifs"
    if seen.outcome is ShareOutcome.LOGIN_WRONG and settings.filestorage_credentials is None:
        return "-guest"
    return ""


def _fields(
    share: CifsShare | NfsExport, settings: ClusterSettings, profile: Profile, head: HeadFacts
) -> dict[str, str]:
    is_cifs = isinstance(share, CifsShare)
    credentials, files, seen = settings.filestorage_credentials, profile.filestorage, head.storage
    assert isinstance(seen, ShareFacts)
    assert files is not None
    address = head.node.server.address
    return {
        "option": OPTION,
        "node": head.node.server.name,
        "host": share.host,
        "share": share_device(share),
        "port": str(CIFS_PORT if is_cifs else NFS_PORT),
        "package": _PACKAGES["cifs" if is_cifs else "nfs"],
        "fstype": "cifs" if is_cifs else "nfs4",
        "user": credentials.username if credentials else "-",
        "owner": files.owner,
        "group": files.group,
        "numbers": head.storage_owner or "?",
        "address": str(address),
        "detail": seen.detail or "-",
    }


def _mounts(head: HeadFacts, profile: Profile, device: str) -> bool:
    """The running configuration holds this very share."""
    if not head.cib:
        return False
    name = profile.resources.filestorage_filesystem
    path = f".//primitive[@id='{name}']/instance_attributes/nvpair[@name='device']"
    pair = etree.fromstring(head.cib).find(path)
    return pair is not None and pair.get("value") == device
