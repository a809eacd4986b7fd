"""The one rule for a change of the cluster where a head does not see its peer: refused, unless somebody insists.

A peer that is out of sight may live and serve. When both meet again, one configuration takes the place of the other
as a whole, by its version and not by who served: a change made here may undo a promotion made there.
"""

from __future__ import annotations

from live_cluster.apply.fleet import Fleet
from live_cluster.commands.status import Server, votes_now
from live_cluster.errors import NotReady, problem
from live_cluster.model.cluster_view import ClusterView
from live_cluster.plan.view_checks import view_of
from live_cluster.probes.head import VIEW

_ANSWER_S = 30.0


def out_of_sight(view: ClusterView, server: Server) -> str:
    """Name of a peer that may serve although this head does not see it; empty where there is none."""
    unseen = [node.name for node in view.nodes if not node.online]
    if not unseen or _has_arbiters_vote(view, server):
        return ""
    return next((name for name in unseen if not _is_known_to_be_down(name, server)), "")


def require_peer(view: ClusterView, server: Server, *, force: bool) -> None:
    """NotReady where the peer is out of sight and nobody insists (--force)."""
    peer = "" if force else out_of_sight(view, server)
    if peer:
        raise NotReady(problem("peer-out-of-sight", peer=peer))


async def require_heads_together(fleet: Fleet, names: tuple[str, str], *, force: bool) -> None:
    """The same for verbs that reach both heads over the network: both run, but not as one cluster."""
    if force:
        return
    views = {name: view_of(await fleet.servers[name].ask(VIEW)) for name in names}
    for name, other in (names, names[::-1]):
        view = views[name]
        node = view.node(other) if view is not None else None
        # Where Pacemaker does not run nothing is served, and nothing could win.
        if views[other] is not None and node is not None and not node.online:
            raise NotReady(problem("heads-apart", first=name, second=other))


def _has_arbiters_vote(view: ClusterView, server: Server) -> bool:
    """Then the other side has no quorum, and has stopped its services."""
    quorum = votes_now(server)
    return view.with_quorum and quorum is not None and quorum.arbiter_votes > 0


def _is_known_to_be_down(name: str, server: Server) -> bool:
    """It was shut down in order, or its power was cut and that is confirmed.

    Pacemaker goes on to expect a head that was merely lost (as live_cluster_agent.cluster reads it).
    """
    argv = ("cibadmin", "--query", "--local", "--no-children", "--xpath", f"//node_state[@uname='{name}']")
    answer = server.start(argv).finish(timeout_s=_ANSWER_S)
    return answer.returncode == 0 and 'expected="down"' in answer.text
