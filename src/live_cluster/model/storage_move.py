"""What is known about the file storage where it is to be another one than the cluster mounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """`former` is what the cluster mounts, `holder` the head that has it mounted (empty: none has).

    `is_same`: under both names it is the same device. `used_bytes` and `files` are what there is to copy, `entries`
    what the new storage holds in its root folder already; `begun_from` is the former storage that an interrupted
    run has copied from. `lost_on`: heads that do not find the former device any more.
    """

    former: str
    holder: str
    is_same: bool = False
    used_bytes: int = 0
    files: int = 0
    entries: tuple[str, ...] = ()
    begun_from: str = ""
    lost_on: frozenset[str] = frozenset()
    without_rsync: tuple[str, ...] = ()
