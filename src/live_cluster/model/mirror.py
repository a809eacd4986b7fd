"""The mirrored disk of the file storage as one head sees it: DRBD's device, and whose disk is whose."""

from __future__ import annotations

from live_cluster.model.drbd import DrbdState
from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from live_cluster.model.cluster_view import ClusterView

# Set on a head by the handler that DRBD calls when it finds both copies written on: when, in seconds since 1970.
SPLIT_BRAIN_ATTRIBUTE = "live-cluster-drbd-split-brain"
# Connection states in which one disk is brought up to the state of the other, by the side that is written to.
_SOURCE = frozenset(("SyncSource", "PausedSyncS", "StartingSyncS", "WFBitMapS", "Ahead"))
TARGET = frozenset(("SyncTarget", "PausedSyncT", "StartingSyncT", "WFBitMapT", "WFSyncUUID", "Behind"))


class Mirror(Record):
    """The device with what the cluster knows of it: `here` and `there` are the heads' names, empty where unknown.

    `split_brain` says since when both copies are known to have been written on; None where nobody found that.
    """

    drbd: DrbdState
    here: str = ""
    there: str = ""
    split_brain: int | None = None

    @property
    def is_split(self) -> bool:
        """Found by DRBD, and the heads have not agreed since."""
        return self.split_brain is not None and not self.drbd.talks

    @property
    def copies(self) -> bool:
        """One disk is being brought up to the state of the other."""
        return self.drbd.connection in _SOURCE | TARGET

    @property
    def target(self) -> str:
        """The head whose disk that is."""
        return self.here if self.drbd.connection in TARGET else self.there

    def disk_of(self, node: str) -> str:
        """The state of a head's disk; empty where it is not known."""
        if node and node == self.here:
            return self.drbd.disk
        known = self.drbd.peer_disk != "DUnknown"
        return self.drbd.peer_disk if known and node and node == self.there else ""


def mirror_of(view: ClusterView, drbd: DrbdState, local_id: str) -> Mirror:
    """`local_id` is this server's node id in Corosync, empty where it was not told."""
    names = tuple(node.name for node in view.nodes)
    here = next((node.name for node in view.nodes if node.id and node.id == local_id), "")
    there = next((name for name in names if name != here), "") if here else ""
    found = [node.attributes.get(SPLIT_BRAIN_ATTRIBUTE, "") for node in view.nodes]
    times = [int(text) for text in found if text.isdigit()]
    return Mirror(drbd=drbd, here=here, there=there, split_brain=max(times, default=None))
