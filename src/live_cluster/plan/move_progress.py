"""How far a copy of the file storage is, while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.messages import Message, message
from live_cluster.plan.copying import Way
from live_cluster.plan.step import Measure, Replies
from live_cluster.probes.storage_move import room_in, used_of
from live_cluster.remote.requests import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`files` there are to copy (0: not known); `free_before`: what a NAS had room for before this run."""

    files: int = 0
    free_before: int | None = None


def progress(way: Way, amount: Amount) -> Measure:
    """By what is in use on both sides: of what the new file system has from its making, it has little.

    Of a NAS df(1) tells what all of it holds: there only what has come since the beginning can be shown.
    """
    if amount.free_before is not None and way.target_fstype != "ext4":
        return _growth(way, amount.free_before)

    def shown(replies: Replies) -> Message | None:
        (total, _), (done, _) = (used_of(reply) for reply in replies)
        if not way.is_local:
            return message("move-progress-mib", done=done // 2**20)
        if not total:
            return None
        percent = min(100 * done // total, 99)
        return message("move-progress", percent=percent, done=done // 2**20, total=total // 2**20)

    requests = tuple(
        Command(argv=("df", "--block-size=1", "--output=used,iused", "--", path))
        for path in (way.source, way.target)
    )
    return Measure(requests=requests, shown=shown)


def _growth(way: Way, free_before: int) -> Measure:
    room = Command(argv=("df", "--block-size=1", "--output=avail", "--", way.target))

    def shown(replies: Replies) -> Message | None:
        now = room_in(replies[0])
        return None if now is None else message("move-progress-mib", done=max(free_before - now, 0) // 2**20)

    return Measure(requests=(room,), shown=shown)
