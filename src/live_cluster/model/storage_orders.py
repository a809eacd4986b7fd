"""What this run may do to the file storage; said by options, kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageOrders:
    """`new_uuid`: the id of the file system that this run makes, should it make one (the plan shows it). A move's
    work bears it, too: it tells one run from another."""

    may_format: bool = False
    may_move: bool = False
    new_uuid: str = ""
