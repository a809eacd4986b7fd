"""Stop and start everything that the cluster runs, and wait until it is so."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.commands.following import Waiting, follow, run_here
from live_cluster.commands.missing import Missing, Wish, missing_of
from live_cluster.commands.peer_sight import require_peer
from live_cluster.commands.planned_stop import Patience, gentleness_problems
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import NotReady, Problem, problem
from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.service_marks import fails_attribute, hanging, to_forget

# One property: it survives reboots and fail-overs, and leaves every resource's own settings alone.
_PROPERTY = ("crm_attribute", "--type", "crm_config", "--name", "stop-all-resources")
_CLEANUP = ("crm_resource", "--cleanup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it ended; `away` are servers whose share could not start, `not_gentle` what did not end by itself."""

    wish: Wish
    changed: bool
    missing: tuple[Missing, ...]
    view: ClusterView
    seconds: float = 0.0
    away: tuple[str, ...] = ()
    not_gentle: tuple[Problem, ...] = ()

    @property
    def stuck(self) -> bool:
        """Waiting longer would not help: Pacemaker itself has given up."""
        hangs = self.wish is Wish.STOP and bool(hanging(self.view))
        return bool(self.missing) and (hangs or all(one.stuck for one in self.missing))


def change_all(wish: Wish, server: Server, waiting: Waiting, *, force: bool = False) -> Outcome:
    """Give the order and wait for its effect; NotReady where Pacemaker would not carry it out.

    `force`: also where the peer is out of sight.
    """
    begun = waiting.clock.now()
    before = view_now(server)
    ordered = before.stop_all_resources is (wish is Wish.STOP)
    if ordered and not missing_of(before, wish) and not (wish is Wish.START and to_forget(before)):
        return Outcome(wish=wish, changed=False, missing=(), view=before, away=_away(before, wish))
    _refuse_where_nothing_would_happen(before, wish)
    require_peer(before, server, force=force)
    waiting.tell(message("resources-stopping" if wish is Wish.STOP else "resources-starting"))
    _order(wish, before, server)
    patience = Patience(waiting.clock)
    after = follow(
        server, waiting, before, lambda now: _is_settled(now, wish) or patience.is_over(now), wish=wish
    )
    return Outcome(
        wish=wish,
        changed=True,
        missing=missing_of(after, wish),
        view=after,
        seconds=waiting.clock.now() - begun,
        away=_away(after, wish),
        not_gentle=gentleness_problems(before, after) if wish is Wish.STOP else (),
    )


def _refuse_where_nothing_would_happen(view: ClusterView, wish: Wish) -> None:
    if view.maintenance_mode:
        raise NotReady(problem("resources-in-maintenance"))
    if wish is Wish.START and not view.with_quorum:
        raise NotReady(problem("resources-no-quorum"))


def _order(wish: Wish, view: ClusterView, server: Server) -> None:
    if wish is Wish.STOP:
        run_here(server, (*_PROPERTY, "--update", "true"))
        return
    if view.failures or view.fail_counts:
        # Whoever starts again has removed the cause; otherwise old failures bar the way until they expire.
        run_here(server, _CLEANUP)
    for one in to_forget(view):
        run_here(
            server, ("attrd_updater", "--name", fails_attribute(one.resource), "--node", one.node, "--delete")
        )
    if view.stop_all_resources:
        run_here(server, (*_PROPERTY, "--delete"))


def _away(view: ClusterView, wish: Wish) -> tuple[str, ...]:
    if wish is Wish.STOP:
        return ()
    return tuple(node.name for node in view.nodes if not node.available)


def _is_settled(view: ClusterView, wish: Wish) -> bool:
    missing = missing_of(view, wish)
    # One that hangs may still end: that has its own time.
    return not missing or (all(one.stuck for one in missing) and not hanging(view))
