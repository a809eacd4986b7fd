"""Checks that look at the cluster as Pacemaker reports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from live_cluster.model.cluster_view import ClusterView, Instance, Node, Role, stopped_on_purpose
from live_cluster.model.replication import DATA_LATEST, DATA_SYNC
from live_cluster.plan.step import Check, Replies
from live_cluster.probes.head import VIEW
from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon
from live_cluster.remote.requests import CommandResult, Reply

__all__ = ["has_two_copies", "runs", "stdout_of", "stopped_on_purpose", "view_check", "view_of"]


def view_check(holds: Callable[[ClusterView], bool]) -> Check:
    """The view is as `holds` wants it; it never is while Pacemaker does not answer."""

    def accept(replies: Replies) -> bool:
        view = view_of(replies[0])
        return view is not None and holds(view)

    return Check(requests=(VIEW,), holds=accept, missing=missing_in_view)


def missing_in_view(replies: Replies) -> str:
    """What a view, the first of the replies, lacks; in crm_mon's words."""
    view = view_of(replies[0]) if replies else None
    if view is None:
        return "Pacemaker does not answer"
    offline = [f"{node.name} OFFLINE" for node in view.nodes if not node.online]
    stopped = [
        f"{instance.id} {instance.role.value}" + (" (failed)" if instance.failed else "")
        for _, instance in view.instances()
        if instance.failed or not runs(instance)
    ]
    failures = [
        f"{one.resource} {one.task} on {one.node}: {one.exit_reason or one.exit_status}"
        for one in view.failures
    ]
    return "; ".join((*offline, *stopped, *failures)) or "everything runs, but the data is not yet the same"


def has_two_copies(nodes: Iterable[Node], database: str) -> bool:
    """One of the heads has the database's latest data, and the other one everything of it, by the agent's word."""
    return {DATA_LATEST, DATA_SYNC} <= {node.attributes.get(f"{database}-data") for node in nodes}


def view_of(reply: Reply) -> ClusterView | None:
    """The view in an answer to VIEW; None where Pacemaker gave none."""
    try:
        return parse_crm_mon(stdout_of(reply))
    except NoClusterView:
        return None


def stdout_of(reply: Reply) -> bytes:
    """A command's standard output; empty for any other reply."""
    return reply.stdout if isinstance(reply, CommandResult) else b""


# A first recurring monitor on its way says nothing against an instance: its start has ended. (ping's takes about a
# second; a run that took it for missing right after a head had joined cleaned up and called itself a change.)
_AT_WORK = ("", "Monitoring")


def runs(instance: Instance) -> bool:
    """It is started (promoted or not) on a node, and nothing of it is still on its way."""
    settled = instance.role in (Role.STARTED, Role.PROMOTED, Role.UNPROMOTED)
    return settled and bool(instance.nodes) and instance.pending in _AT_WORK
