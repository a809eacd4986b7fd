"""The lines of `status` about the files' mirrored disk."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.mirror import Mirror
from live_cluster.model.mirror_health import resync_progress

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_cluster.cli.output import Output


def mirror_lines(mirror: Mirror, output: Output) -> Iterator[str]:
    """Both copies and their connection; a second line where one is being brought up to date."""
    drbd = mirror.drbd
    colour = "yellow" if drbd.talks else "red"
    yield output.styled(output.words(_state(mirror)), "" if drbd.is_whole else colour)
    if mirror.copies:
        line = message("status-drbd-resync", node=mirror.target or "?", progress=resync_progress(drbd))
        yield output.styled(output.words(line), "yellow")


def _state(mirror: Mirror) -> Message:
    drbd = mirror.drbd
    here, there = mirror.here or "?", mirror.there or "?"
    own = {"node": here, "role": drbd.role, "disk": drbd.disk}
    if drbd.talks:
        return message("status-drbd", **own, peer=there, peer_role=drbd.peer_role, peer_disk=drbd.peer_disk)
    code = "status-drbd-split-brain" if mirror.is_split else "status-drbd-apart"
    return message(code, **own, peer=there, connection=drbd.connection, differs=_size(drbd.out_of_sync_kib))


def _size(kib: int) -> Message:
    if kib >= 1 << 10:
        return message("size-mib", number=kib >> 10)
    return message("size-kib", number=kib)
