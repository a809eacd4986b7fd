"""The NAS that holds the files, as `status` sees it from this server, and what that means for the pair."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_cluster.model.cluster_view import ClusterView

CIFS_PORT, NFS_PORT = 445, 2049
_AGENT = "Filesystem"


class NasShare(Record):
    """A share in the words of the settings: who has it, at which port, and what mount(8) calls it."""

    host: str
    port: int
    device: str


class Nas(Record):
    """`is_mounted`: this server has the files now. `answers` as seen from this server."""

    host: str
    answers: bool
    is_mounted: bool


def share_of(text: str) -> NasShare | None:
    """The share that `filestorage-device` names; None for any other storage."""
    scheme, separator, rest = text.partition("://")
    if not separator and text.startswith("//"):
        scheme, rest = "cifs", text[2:]
    elif not separator:
        host, is_export, export = text.partition(":/")
        if not is_export or "/" in host or host == "drbd":
            return None
        scheme, rest = "nfs", f"{host}/{export}"
    host, _, path = rest.partition("/")
    path = path.rstrip("/")
    if scheme.lower() == "nfs":
        return NasShare(host, NFS_PORT, f"{host}:/{path}")
    return NasShare(host, CIFS_PORT, f"//{host}/{path}")


def nas_down(nas: Nas, view: ClusterView) -> Iterator[Message]:
    """Files that nobody can use now: the NAS is away, or it does not let this pair write."""
    if not nas.answers and (nas.is_mounted or not _has_files(view)):
        yield message("health-nas-silent", host=nas.host)
        return
    for _, instance in view.instances():
        # Its failures are only looked at: a NAS that is away for a minute must not end calls.
        if instance.agent.endswith(_AGENT) and instance.failure_ignored:
            yield message("health-files-fail", resource=instance.id)


def nas_hazards(nas: Nas, view: ClusterView) -> Iterator[Message]:
    """Seen from the head that has to take the files over one day."""
    if not nas.answers and not nas.is_mounted and _has_files(view):
        yield message("hazard-nas-unreached", host=nas.host)


def _has_files(view: ClusterView) -> bool:
    return any(one.agent.endswith(_AGENT) and one.active for _, one in view.instances())
