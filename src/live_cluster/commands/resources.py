"""Stop and start everything that the cluster runs, and wait until it is so."""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.commands.following import Waiting, follow, run_here
from live_cluster.commands.missing import Missing, Wish, missing_of
from live_cluster.commands.peer_sight import require_peer
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import NotReady, problem
from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView

# One property: it survives reboots and fail-overs, and leaves every resource's own settings alone.
_PROPERTY = ("crm_attribute", "--type", "crm_config", "--name", "stop-all-resources")
_CLEANUP = ("crm_resource", "--cleanup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it ended; `away` are servers whose share could not start."""

    wish: Wish
    changed: bool
    missing: tuple[Missing, ...]
    view: ClusterView
    seconds: float = 0.0
    away: tuple[str, ...] = ()

    @property
    def stuck(self) -> bool:
        """Waiting longer would not help: Pacemaker itself has given up."""
        return bool(self.missing) and all(one.stuck for one in self.missing)


def change_all(wish: Wish, server: Server, waiting: Waiting, *, force: bool = False) -> Outcome:
    """Give the order and wait for its effect; NotReady where Pacemaker would not carry it out.

    `force`: also where the peer is out of sight.
    """
    begun = waiting.clock.now()
    before = view_now(server)
    ordered = before.stop_all_resources is (wish is Wish.STOP)
    if ordered and not missing_of(before, wish):
        return Outcome(wish=wish, changed=False, missing=(), view=before, away=_away(before, wish))
    _refuse_where_nothing_would_happen(before, wish)
    require_peer(before, server, force=force)
    waiting.tell(message("resources-stopping" if wish is Wish.STOP else "resources-starting"))
    _order(wish, before, server)
    after = follow(server, waiting, before, lambda now: _is_settled(now, wish), wish=wish)
    return Outcome(
        wish=wish,
        changed=True,
        missing=missing_of(after, wish),
        view=after,
        seconds=waiting.clock.now() - begun,
        away=_away(after, wish),
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
    if view.stop_all_resources:
        run_here(server, (*_PROPERTY, "--delete"))


def _away(view: ClusterView, wish: Wish) -> tuple[str, ...]:
    if wish is Wish.STOP:
        return ()
    return tuple(node.name for node in view.nodes if not node.available)


def _is_settled(view: ClusterView, wish: Wish) -> bool:
    missing = missing_of(view, wish)
    return not missing or all(one.stuck for one in missing)
