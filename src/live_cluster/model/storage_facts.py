"""What a head sees of the file storage, a value for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.model.drbd_facts import DrbdFacts

__all__ = ["BlockDeviceFacts", "ShareFacts", "ShareOutcome", "StorageFacts"]


class ShareOutcome(Enum):
    """How far a trial with a NAS came (probes/share_trial.py); the values are what the trial says."""

    GOOD = "good"
    CLIENT_MISSING = "client-missing"
    KERNEL_LACKS = "kernel-lacks"
    ACCOUNT_MISSING = "account-missing"
    NAME_UNKNOWN = "name-unknown"
    SILENT = "silent"
    REFUSES = "refuses"
    LOGIN_WRONG = "login-wrong"
    NOT_ALLOWED = "not-allowed"
    SHARE_MISSING = "share-missing"
    TOO_OLD = "too-old"
    NOT_MOUNTED = "not-mounted"
    NOT_WRITABLE = "not-writable"
    OWNER_REFUSED = "owner-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFacts:
    """What came of mounting a NAS's share on one head, for a moment and where nobody else sees it.

    `detail` is what the NAS or the system said; empty where the outcome says it all. `names` are some of those in
    its root folder, `mark` what a move that fills it has noted there, `free_bytes` what there is room for.
    """

    outcome: ShareOutcome
    detail: str = ""
    names: tuple[str, ...] = ()
    mark: str = ""
    free_bytes: int | None = None


StorageFacts = BlockDeviceFacts | DrbdFacts | ShareFacts
