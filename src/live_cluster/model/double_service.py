"""What must exist once and exists twice: promoted databases, addresses, mounted file systems."""

from __future__ import annotations

from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Role
from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from live_cluster.model.database_settings import DatabaseServer

ADDRESS_AGENT, FILE_SYSTEM_AGENT = "ocf:heartbeat:IPaddr2", "ocf:heartbeat:Filesystem"


class HeldHere(Record):
    """What this head holds by its own look, whatever the cluster believes."""

    node: str
    addresses: tuple[str, ...] = ()
    mounted: str = ""


def served_twice(view: ClusterView) -> Iterator[Message]:
    """Promoted databases and single services on both heads, as Pacemaker itself reports them."""
    database = view.database
    promoted = database.nodes_in(Role.PROMOTED) if database is not None else ()
    if len(promoted) > 1:
        yield message("health-two-primaries", nodes=", ".join(promoted))
    for group, one in view.instances():
        if not group.is_clone and len(one.nodes) > 1:
            yield message("health-runs-twice", resource=one.id, nodes=", ".join(one.nodes))


def two_databases(servers: Sequence[DatabaseServer], view: ClusterView) -> Iterator[Message]:
    """Two servers that take writes, by their own answers; Pacemaker may know of one of them only."""
    primaries = [one.node for one in servers if not one.in_recovery]
    database = view.database
    known = database.nodes_in(Role.PROMOTED) if database is not None else ()
    if len(primaries) > 1 and len(known) < 2:
        yield message("health-two-databases", nodes=", ".join(primaries))


def held_against_the_cluster(held: HeldHere | None, view: ClusterView) -> Iterator[Message]:
    """What this head holds although the cluster runs it on the other one."""
    if held is None:
        return
    if held.addresses and (owner := _elsewhere(view, ADDRESS_AGENT, held.node)):
        addresses = ", ".join(held.addresses)
        yield message("health-address-twice", node=held.node, addresses=addresses, other=owner)
    if held.mounted and (owner := _elsewhere(view, FILE_SYSTEM_AGENT, held.node)):
        yield message("health-mounted-twice", node=held.node, device=held.mounted, other=owner)


def _elsewhere(view: ClusterView, agent: str, here: str) -> str:
    """Where all of these run, if that is not here; empty while one is on its way, or runs nowhere."""
    found = [one for group, one in view.instances() if one.agent == agent and not group.is_clone]
    places = {name for one in found for name in one.nodes}
    settled = all(one.role is Role.STARTED and not one.pending for one in found)
    return places.pop() if found and settled and len(places) == 1 and here not in places else ""
