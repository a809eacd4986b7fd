"""Take one head out of service, and put it back: Pacemaker's node attribute `standby`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from live_cluster.commands import switchover
from live_cluster.commands.following import Waiting, follow, run_here
from live_cluster.commands.missing import Wish, missing_of
from live_cluster.commands.planned_stop import Patience, gentleness_problems
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import NotReady, Problem, problem
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Node
from live_cluster.model.health import Observation, judge
from live_cluster.model.replication import DATA_SYNC, data_state
from live_cluster.model.service_marks import hanging


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How it ended; `moved`: the services went to the other head first; the others as in a switch-over."""

    node: str
    on: bool
    changed: bool = False
    moved: bool = False
    done: bool = False
    killed: bool = False
    hangs: bool = False
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyPlan:
    """What putting this head into standby means."""

    node: str
    is_standby: bool
    move: switchover.Move | None
    lost: tuple[Message, ...] = ()


def planned(seen: Observation, node: str, *, force: bool) -> StandbyPlan:
    """What would happen; NotReady with the reasons where users would lose the service and nobody insists."""
    view = seen.view
    head = _head(view, node)
    if head.standby:
        return StandbyPlan(node=node, is_standby=True, move=None)
    if view.maintenance_mode:
        raise NotReady(problem("resources-in-maintenance"))
    lost = _reasons(seen, node)
    if lost and not force:
        raise NotReady(*(problem("standby-refused", node=node, reason=reason) for reason in lost))
    move = None
    if not lost and view.primary == node and view.database is not None:
        target = next(one.name for one in view.nodes if one.name != node)
        move = switchover.Move(source=node, target=target, database=view.database.member)
    return StandbyPlan(node=node, is_standby=False, move=move, lost=lost)


def _head(view: ClusterView, name: str) -> Node:
    found = view.node(name)
    if found is None:
        names = ", ".join(node.name for node in view.nodes)
        raise NotReady(problem("unknown-head", option="NODE", name=name, names=names))
    return found


def _reasons(seen: Observation, node: str) -> tuple[Message, ...]:
    """Why the other head could not serve alone; the head that serves already needs nothing of this one."""
    view = seen.view
    if view.primary and view.primary != node:
        return ()
    verdict = judge(seen)
    losses = [reason for loss in verdict.losses if loss.node == node for reason in loss.reasons]
    return tuple(dict.fromkeys((*verdict.blocking, *losses)))


def put_into_standby(plan: StandbyPlan, server: Server, waiting: Waiting, outcome: Outcome) -> None:
    """Move what users see with the shortest gap, then stop the rest, and wait until nothing runs there."""
    if plan.move is not None:
        moved = switchover.Outcome(move=plan.move)
        switchover.switch_over(plan.move, server, waiting, moved)
        outcome.changed = outcome.moved = True
        outcome.problems += moved.problems
        outcome.killed, outcome.hangs = moved.killed, moved.hangs
        if not moved.done:
            return
    outcome.changed = True
    before = view_now(server)
    run_here(server, _attribute(plan.node, "--update", "on"))
    patience = Patience(waiting.clock)
    after = follow(server, waiting, before, lambda view: _is_out(view, plan.node) or patience.is_over(view))
    outcome.done, outcome.hangs = _is_out(after, plan.node), bool(hanging(after))
    not_gentle = gentleness_problems(before, after)
    outcome.problems += not_gentle
    outcome.killed = outcome.killed or any(one.code == "service-killed" for one in not_gentle)
    if not outcome.done and not outcome.hangs:
        outcome.problems.append(problem("standby-not-reached", node=plan.node))


def require_online(view: ClusterView, node: str) -> Node:
    """The head of that name; NotReady where there is none, or it is off."""
    head = _head(view, node)
    if not head.online:
        raise NotReady(problem("online-not-there", node=node))
    return head


def put_online(node: str, server: Server, waiting: Waiting, outcome: Outcome) -> None:
    """Let it take part again, and wait until it is the synchronous standby."""
    before = require_online(view_now(server), node)
    if before.standby:
        outcome.changed = True
        run_here(server, _attribute(node, "--delete"))
    outcome.done = _watch(server, waiting, lambda view: _is_back(view, node))
    if not outcome.done:
        outcome.problems.append(problem("online-not-reached", node=node))


def _attribute(node: str, *change: str) -> tuple[str, ...]:
    return ("crm_attribute", "--node", node, "--lifetime", "forever", "--name", "standby", *change)


def _is_out(view: ClusterView, node: str) -> bool:
    head = view.node(node)
    empty = not any(one.active and node in one.nodes for _, one in view.instances())
    others = any(other.available for other in view.nodes)
    return head is not None and head.standby and empty and not (others and missing_of(view, Wish.START))


def _is_back(view: ClusterView, node: str) -> bool:
    head = view.node(node)
    whole = view.stop_all_resources or not missing_of(view, Wish.START)
    in_step = view.primary in ("", node) or data_state(view, node) == DATA_SYNC
    return head is not None and head.available and whole and in_step


def _watch(server: Server, waiting: Waiting, reached: Callable[[ClusterView], bool]) -> bool:
    return reached(follow(server, waiting, view_now(server), reached))


def impact(plan: StandbyPlan) -> Message:
    """What users will notice."""
    if plan.lost:
        return message("standby-impact-outage", node=plan.node)
    if plan.move is None:
        return message("standby-impact-none", node=plan.node)
    return message("standby-impact-moves", node=plan.node, target=plan.move.target)
