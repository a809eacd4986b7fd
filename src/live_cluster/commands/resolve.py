"""`filestorage resolve`: both sides of a split-brain shown, and one of them given up by an explicit choice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from live_cluster.access.credentials import controller_credentials
from live_cluster.access.site_key import SiteSecret
from live_cluster.apply.fleet import Fleet, connect
from live_cluster.apply.run import Run, StepResult, StepState
from live_cluster.apply.survey import observe
from live_cluster.commands.connecting import CERTIFICATE_LIFE_S, explained
from live_cluster.commands.keeping import forget_old_runs
from live_cluster.commands.peer_sight import require_heads_together
from live_cluster.commands.run_interface import RunInterface, want_agreement
from live_cluster.commands.run_record import remember
from live_cluster.commands.sides import Sight, look
from live_cluster.errors import (
    InputRejected,
    LiveClusterError,
    NotReady,
    Problem,
    Unreachable,
    problem,
)
from live_cluster.messages import message
from live_cluster.model.drbd_split import Snapshot, found_snapshot
from live_cluster.model.facts import ServerName
from live_cluster.plan.resolve_steps import Choice, resolve_stages
from live_cluster.plan.step import Impact, Plan, outstanding
from live_cluster.probes.local_tools import HISTORY
from live_cluster.remote.requests import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for; an empty `keep` only shows both sides."""

    heads: tuple[ServerName, ServerName]
    keep: str
    site_secret: Callable[[], SiteSecret]
    asked_by: str
    dry_run: bool = False
    yes: bool = False
    # Also where the heads' clusters do not see each other.
    force: bool = False
    # Shows both sides before anything is asked or done.
    show: Callable[[Sight], None]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was seen and what came of it, also where it failed."""

    sight: Sight | None = None
    plan: Plan = field(default_factory=lambda: Plan(stages=()))
    results: list[StepResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    snapshot: Snapshot | None = None
    seconds: float = 0.0


async def resolve(wish: Wish, interface: RunInterface, outcome: Outcome) -> None:
    """Look at both heads, show, and carry out the choice where there is one."""
    names = [one.name for one in wish.heads]
    if wish.keep and wish.keep not in names:
        raise InputRejected(problem("unknown-head", option="--keep", name=wish.keep, names=", ".join(names)))
    started = time.monotonic()
    interface.say(message("connecting", count=len(names)))
    fleet = await _connected(wish)
    try:
        if wish.keep and not wish.dry_run:
            await fleet.lock(names, f"{wish.asked_by}, {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
        sight = outcome.sight = await look(fleet, names)
        wish.show(sight)
        if wish.keep and sight.is_open:
            await require_heads_together(fleet, (names[0], names[1]), force=wish.force)
            choice = _choice(sight, wish.keep)
            outcome.snapshot = _kept(sight, choice)
            stages = resolve_stages(choice)
            outcome.plan = outstanding(stages, await observe(fleet, stages))
            interface.plan(outcome.plan)
            if not wish.dry_run:
                await _carry_out(wish, fleet, interface, outcome)
    finally:
        outcome.seconds = time.monotonic() - started
        await fleet.close()


async def _connected(wish: Wish) -> Fleet:
    secret = wish.site_secret()
    credentials = controller_credentials(secret, valid_s=CERTIFICATE_LIFE_S)
    try:
        return await connect(wish.heads, credentials)
    except Unreachable as error:
        raise Unreachable(*await explained(error, credentials, secret)) from error


def _choice(sight: Sight, keep: str) -> Choice:
    """The choice in full; refused where the data is incomplete, or an interrupted run went the other way."""
    winner, loser = sight.sides if sight.sides[0].node == keep else sight.sides[::-1]
    given_up = sight.given_up
    if given_up and given_up == keep:
        raise InputRejected(problem("resolve-decided", option="--keep", node=keep, other=loser.node))
    if winner.drbd.disk not in ("UpToDate", "Consistent", "Outdated"):
        raise NotReady(problem("resolve-incomplete", node=keep, disk=winner.drbd.disk))
    return Choice(
        keep=winner.node,
        lose=loser.node,
        drbd=sight.drbd,
        minor=sight.minor,
        is_9=sight.is_9,
        snapshot=sight.snapshot_of(loser),
        is_whole=sight.is_whole,
        in_use=bool(sight.held_for) or loser.drbd.role == "Primary",
        joined=sight.is_joined,
    )


def _kept(sight: Sight, choice: Choice) -> Snapshot | None:
    """What is told at the end: the snapshot that this run makes, or the one that it finds."""
    if not sight.is_joined:
        return choice.snapshot if isinstance(choice.snapshot, Snapshot) else None
    loser = next(one for one in sight.sides if one.node == choice.lose)
    return None if sight.is_settled else found_snapshot(loser)


async def _carry_out(wish: Wish, fleet: Fleet, interface: RunInterface, outcome: Outcome) -> None:
    plan = outcome.plan
    if not wish.yes:
        want_agreement(plan, interface)
    run = Run(servers=fleet.servers, observer=interface)
    failure: LiveClusterError | None = None
    try:
        for stage in plan.stages:
            begun = len(run.results)
            await run.carry_out(Plan(stages=(stage,)))
            # What comes after it may take a day, and this run may not live to see its end.
            if _gave_up_data(run.results[begun:]):
                await _note(wish, fleet, outcome)
    except LiveClusterError as error:
        failure = error
        raise
    finally:
        outcome.results = run.results + run.unreached(plan)
        told = await remember(fleet, wish.asked_by, outcome.results, failure)
        outcome.problems += told
        interface.warnings(told)
        await forget_old_runs(fleet)


def _gave_up_data(results: Sequence[StepResult]) -> bool:
    return any(one.step.impact is Impact.REPLACES_DATA and one.state is StepState.CHANGED for one in results)


async def _note(wish: Wish, fleet: Fleet, outcome: Outcome) -> None:
    """For `events` on both heads; as the account that the history belongs to."""
    lose = next(one.name for one in wish.heads if one.name != wish.keep)
    event = {
        "time": time.time(),
        "kind": "drbd-resolved",
        "node": lose,
        "resource": outcome.sight.drbd.clone if outcome.sight else "",
        "text": wish.keep,
    }
    tee = ("runuser", "-u", "hacluster", "--", "tee", "--append", HISTORY[0])
    line = Command(argv=tee, stdin=f"{json.dumps(event)}\n".encode(), changes_node=True)
    for server in fleet.servers.values():
        try:
            await server.ask(line)
        except Unreachable:
            # The run's own error says so.
            continue
