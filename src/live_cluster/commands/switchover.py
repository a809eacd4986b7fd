"""A planned switch-over: the primary, and with it everything that users see, moves to the other head.

The wish is a transient attribute of the target, with the moment at which it ends. The database agent there answers
with a promotion score above all others; Pacemaker does the rest in one transition. No constraint is made, so none
can be left behind: whatever happens to this command or to either head, the wish ends by itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from live_cluster.commands.following import Waiting, follow, run_here
from live_cluster.commands.missing import Wish, missing_of
from live_cluster.commands.planned_stop import Patience, gentleness_problems
from live_cluster.commands.status import Asked, Server, understand, view_now
from live_cluster.errors import NotReady, Problem, problem
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Role
from live_cluster.model.health import Observation, judge
from live_cluster.model.replication import DATA_SYNC, data_state
from live_cluster.model.service_marks import hanging
from live_cluster.probes import database_tools

# The agent's own score for a wanted node (live_cluster_agent.replication.WANTED_SCORE).
WANTED_SCORE = 100_000
_LOOK_EVERY_S = 0.25
# A checkpoint of a busy primary with slow disks; without it the primary would write all that while it stops.
_CHECKPOINT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From where to where; the same place twice where nothing has to move."""

    source: str
    target: str
    database: str

    @property
    def is_done(self) -> bool:
        """The primary is there already."""
        return self.source == self.target


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How it ended; `phases` are seconds since the order, by what was reached.

    `hangs`: a service could not be stopped, and nothing went on; `killed`: one did not end by itself.
    """

    move: Move
    changed: bool = False
    target_is_lost: bool = False
    hangs: bool = False
    killed: bool = False
    phases: dict[str, float] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Everything is where it was wanted, and the pair may lose either head again."""
        return self.move.is_done or PHASES[-1] in self.phases


def planned(seen: Observation, to: str) -> Move:
    """What has to move; NotReady with every reason against it."""
    view = seen.view
    names = [node.name for node in view.nodes]
    if to and to not in names:
        raise NotReady(problem("unknown-head", option="--to", name=to, names=", ".join(names)))
    source, database = view.primary, view.database
    if not source or database is None:
        raise NotReady(problem("switchover-no-primary"))
    target = to or next((name for name in names if name != source), "")
    move = Move(source=source, target=target, database=database.member)
    if not move.is_done:
        _refuse_what_would_fail(seen, move)
    return move


def _refuse_what_would_fail(seen: Observation, move: Move) -> None:
    """A head that the pair could not lose now cannot be left on purpose either."""
    verdict = judge(seen)
    losses = [loss.reasons for loss in verdict.losses if loss.node == move.source]
    reasons: dict[Message, None] = dict.fromkeys((*verdict.down, *verdict.blocking))
    reasons.update(dict.fromkeys(reason for found in losses for reason in found))
    if seen.replication.commits_wait:
        reasons[message("hazard-commits-wait")] = None
    for failure in seen.view.failures:
        reason = failure.exit_reason or failure.exit_status
        text = message(
            "reason-failed-action",
            resource=failure.resource,
            task=failure.task,
            node=failure.node,
            reason=reason,
        )
        reasons[text] = None
    if reasons:
        raise NotReady(*(problem("switchover-refused", node=move.target, reason=one) for one in reasons))


PHASES = ("demoted", "promoted", "services", "synchronous")


def switch_over(move: Move, server: Server, waiting: Waiting, outcome: Outcome) -> None:
    """Order it and watch until the pair is whole again; the wish is withdrawn where it did not come true."""
    _checkpoint(move, server, waiting)
    begun = waiting.clock.now()
    before = view_now(server)
    if before.primary != move.source:
        raise NotReady(problem("switchover-overtaken", node=move.source))
    try:
        outcome.changed = True
        _order(move, server, deadline_s=waiting.deadline_s)
        progress = _Progress(outcome=outcome, begun=begun, patience=Patience(waiting.clock))
        often = replace(waiting, look_every_s=_LOOK_EVERY_S)
        after = follow(server, often, before, lambda now: progress.note(now, waiting.clock.now()))
        outcome.hangs = bool(hanging(after)) and not outcome.done
        not_gentle = gentleness_problems(before, after)
    finally:
        # Once the former primary has stopped, the quickest way out is to go on; then the wish ends by itself.
        if "demoted" not in outcome.phases:
            _withdraw(move, server)
    outcome.problems += not_gentle
    outcome.killed = any(one.code == "service-killed" for one in not_gentle)
    if outcome.hangs:
        return
    if outcome.target_is_lost:
        outcome.problems.append(problem("switchover-target-lost", node=move.target, source=move.source))
    elif not outcome.done:
        missing = next(name for name in PHASES if name not in outcome.phases)
        outcome.problems.append(problem(f"switchover-not-{missing}", node=move.target, source=move.source))


def _checkpoint(move: Move, server: Server, waiting: Waiting) -> None:
    """Write out now what the primary would write when it stops, while users wait.

    Only a matter of speed: where it fails, the switch-over just takes longer.
    """
    waiting.tell(message("switchover-checkpoint", node=move.source))
    upstream = server.start(database_tools.psql(database_tools.UPSTREAM)).finish(timeout_s=_CHECKPOINT_S)
    target = upstream.stdout.decode(errors="replace").strip() if upstream.returncode == 0 else ""
    where = f"{target} dbname=postgres" if target else database_tools.LOCAL
    done = server.start(database_tools.psql(database_tools.CHECKPOINT, target=where))
    answer = done.finish(timeout_s=_CHECKPOINT_S)
    if answer.returncode != 0:
        reason = answer.stderr.decode(errors="replace").strip()[-300:]
        waiting.tell(message("switchover-no-checkpoint", reason=reason))


def _attribute(move: Move, *arguments: str) -> tuple[str, ...]:
    return ("crm_attribute", "--node", move.target, *arguments)


def _wish(move: Move) -> tuple[str, ...]:
    return ("--lifetime", "reboot", "--name", f"{move.database}-wanted")


def _order(move: Move, server: Server, *, deadline_s: float) -> None:
    until = int(time.time() + deadline_s)
    run_here(server, _attribute(move, *_wish(move), "--update", str(until)))
    # The agent's next look would say the same, up to 3 s later.
    run_here(server, _attribute(move, f"--promotion={move.database}", "--update", str(WANTED_SCORE)))


def _withdraw(move: Move, server: Server) -> None:
    """The agent takes its score back at its next look."""
    run_here(server, _attribute(move, *_wish(move), "--delete"))


@dataclass(slots=True, kw_only=True)
class _Progress:
    """Which phases have been reached, and when."""

    outcome: Outcome
    begun: float
    patience: Patience

    def note(self, view: ClusterView, now: float) -> bool:
        """Every phase that this look shows for the first time; True when nothing more is to be waited for."""
        move, phases = self.outcome.move, self.outcome.phases
        target = view.node(move.target)
        # The order is gone with it: a node that leaves the cluster takes its transient attributes along.
        self.outcome.target_is_lost = target is None or not target.online
        for name, reached in (
            ("demoted", view.primary != move.source),
            ("promoted", view.primary == move.target),
            ("services", view.primary == move.target and _everything_is_on(view, move.target)),
            ("synchronous", view.primary == move.target and data_state(view, move.source) == DATA_SYNC),
        ):
            if not reached:
                break
            phases.setdefault(name, round(now - self.begun, 2))
        return self.outcome.done or self.outcome.target_is_lost or self.patience.is_over(view)


def _everything_is_on(view: ClusterView, target: str) -> bool:
    groups = [group for group in view.sets if not group.is_clone]
    return not missing_of(view, Wish.START) and all(
        one.nodes == (target,) and one.role is Role.STARTED
        for group in groups
        for one in group.instances
        if not one.disabled
    )


def observe(server: Server) -> Observation:
    """All that the checks look at."""
    return understand(Asked(server), server)
