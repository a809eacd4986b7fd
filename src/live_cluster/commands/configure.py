"""`configure`, from the wish to the running cluster: connect, look, judge, plan, agree, carry out, verify."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from live_cluster.access.arbiter_identity import new_identity
from live_cluster.access.credentials import controller_credentials
from live_cluster.access.login import Outcome as Refusal
from live_cluster.access.site_key import SiteSecret
from live_cluster.apply.fleet import Fleet, connect
from live_cluster.apply.run import Run, StepResult
from live_cluster.apply.survey import facts_of, look_again, observe
from live_cluster.commands.connecting import CERTIFICATE_LIFE_S, explained
from live_cluster.commands.former_media import former_servers, join_if_there
from live_cluster.commands.keeping import SET_ASIDE, forget_old_runs
from live_cluster.commands.peer_sight import require_heads_together
from live_cluster.commands.run_interface import RunInterface, want_agreement
from live_cluster.commands.run_record import remember
from live_cluster.errors import (
    LiveClusterError,
    NotReady,
    Problem,
    Severity,
    Unreachable,
    problem,
    warning,
)
from live_cluster.messages import message
from live_cluster.model import service_secrets
from live_cluster.model.facts import ClusterFacts, Role, ServerName
from live_cluster.model.profile import Profile
from live_cluster.model.service_secrets import ServiceSecrets
from live_cluster.model.settings import ClusterSettings
from live_cluster.plan.blueprint import Blueprint, server_names
from live_cluster.plan.build import stages, timeout_stages
from live_cluster.plan.cib_steps import foreign_in_cib, pruned_file
from live_cluster.plan.prerequisites import Situation, problems_of
from live_cluster.plan.step import Plan, Stage, outstanding
from live_cluster.remote.ssh import Credentials
from live_cluster.render.cib_foreign import ForeignObject
from live_cluster.render.corosync_conf import CLUSTER_NAME


class Interface(RunInterface, Protocol):
    """A run of `configure`: it also finds what others have put into the cluster."""

    def drift(self, objects: tuple[ForeignObject, ...], node: str, pruned_to: str) -> None:
        """What is in the CIB and not ours; `pruned_to` is where `node` will keep it, empty: it stays."""


class Scope(Enum):
    """How much of the described cluster a run is about."""

    EVERYTHING = "everything"
    TIMEOUTS = "timeouts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for, complete and judged as far as the input alone allows."""

    settings: ClusterSettings
    profile: Profile
    cluster_toml: str
    secrets_toml: str
    # The application profile that is kept on both heads; empty: the package's counts.
    profile_toml: str = ""
    site_secret: Callable[[], SiteSecret]
    asked_by: str
    dry_run: bool = False
    yes: bool = False
    prune: bool = False
    # Also where the heads do not see each other: only for a scope that does not wait until they do.
    force: bool = False
    scope: Scope = Scope.EVERYTHING


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of it, also where it failed."""

    plan: Plan = field(default_factory=lambda: Plan(stages=()))
    results: list[StepResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    drift: tuple[ForeignObject, ...] = ()
    prunes: bool = False
    seconds: float = 0.0
    # A media server was off, or got lost on the way: everything else is done.
    is_partial: bool = False


async def configure(wish: Wish, interface: Interface, outcome: Outcome) -> None:
    """Bring the cluster to the wished state; `outcome` is filled on the way, so that it tells of failures too."""
    started = time.monotonic()
    only_timeouts = wish.scope is Scope.TIMEOUTS
    every_name = server_names(wish.settings, wish.profile)
    names = every_name[:2] if only_timeouts else every_name
    interface.say(message("connecting", count=len(names)))
    secret = wish.site_secret()
    credentials = controller_credentials(secret, valid_s=CERTIFICATE_LIFE_S)
    fleet, absent = await _connected(wish, names, credentials, secret)
    outcome.is_partial = bool(absent)
    names = tuple(one for one in names if one.name in fleet.servers)
    try:
        former = () if only_timeouts else former_servers(wish.settings)
        told = (*absent, *await join_if_there(fleet, former, credentials, secret))
        outcome.problems += told
        interface.warnings(told)
        if not wish.dry_run:
            heads = [server.name for server in names[:2]]
            await fleet.lock(heads, f"{wish.asked_by}, {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
        facts = await _facts(wish, fleet, names)
        _judge(wish, facts, interface, outcome)
        joined = tuple(one for one in former if one.name in fleet.servers)
        blueprint = replace(_blueprint(wish, facts, frozenset(one.node for one in absent)), former=joined)
        outcome.plan, found = await _planned(fleet, _stages(wish, blueprint))
        if not only_timeouts:
            outcome.drift, outcome.prunes = foreign_in_cib(blueprint), wish.prune
            place = pruned_file(blueprint.set_aside) if wish.prune else ""
            interface.drift(outcome.drift, blueprint.head_names[0], place)
        _tell(found, interface, outcome)
        if outcome.plan.steps:
            interface.plan(outcome.plan)
            if not only_timeouts and wish.settings.may_split:
                interface.say(message("split-brain-possible", option="arbiter-ip"))
            if not wish.dry_run:
                await _carry_out(wish, fleet, interface, outcome)
    finally:
        outcome.seconds = time.monotonic() - started
        await fleet.close()


async def _connected(
    wish: Wish, names: Sequence[ServerName], credentials: Credentials, secret: SiteSecret
) -> tuple[Fleet, tuple[Problem, ...]]:
    """All servers, but for media servers that are off: the rest can be done without them (C14)."""
    try:
        return await connect(names, credentials), ()
    except Unreachable as error:
        if not all(one.node for one in error.problems):
            raise
        reasons = await explained(error, credentials, secret)
        dispensable = _dispensable(wish, names)
        absent = {one.node for one in reasons if one.code == Refusal.OFF.value} & dispensable
        if len(absent) < len(reasons):
            raise Unreachable(*reasons) from error
        told = tuple(
            warning("media-server-off", node=one.node, address=one.message.field("address"))
            for one in reasons
        )
        return await connect([one for one in names if one.name not in absent], credentials), told


async def _facts(wish: Wish, fleet: Fleet, names: Sequence[ServerName]) -> ClusterFacts:
    if wish.scope is Scope.TIMEOUTS:
        # The whole run waits until the heads see each other before it changes what the cluster knows; this one not.
        await require_heads_together(fleet, (names[0].name, names[1].name), force=wish.force)
    return await facts_of(fleet, names, settings=wish.settings, profile=wish.profile)


def _dispensable(wish: Wish, names: Sequence[ServerName]) -> frozenset[str]:
    """Servers that a run can do without; an arbiter is none of them, for the heads must know each other's vote."""
    media = (one for one in names if one.role is Role.MEDIA)
    needed = (one.name for one in media if one.address != wish.settings.arbiter)
    return frozenset((*needed, *(one.name for one in former_servers(wish.settings))))


def _judge(wish: Wish, facts: ClusterFacts, interface: Interface, outcome: Outcome) -> None:
    _tell(
        problems_of(Situation(settings=wish.settings, profile=wish.profile, facts=facts)), interface, outcome
    )


async def _planned(fleet: Fleet, every: tuple[Stage, ...]) -> tuple[Plan, tuple[Problem, ...]]:
    observed = await observe(fleet, every)
    return await look_again(fleet, outstanding(every, observed), observed)


def _tell(found: tuple[Problem, ...], interface: Interface, outcome: Outcome) -> None:
    """Warnings are shown; one error, and nothing is touched."""
    warnings = tuple(one for one in found if one.severity is Severity.WARNING)
    outcome.problems += warnings
    interface.warnings(warnings)
    if len(warnings) < len(found):
        raise NotReady(*(one for one in found if one.severity is Severity.ERROR))


def _blueprint(wish: Wish, facts: ClusterFacts, absent: frozenset[str]) -> Blueprint:
    return Blueprint(
        settings=wish.settings,
        profile=wish.profile,
        facts=facts,
        secrets=_secrets(facts, has_arbiter=wish.settings.arbiter is not None),
        set_aside=f"{SET_ASIDE}/{time.strftime('%Y%m%d-%H%M%S')}",
        cluster_toml=wish.cluster_toml,
        secrets_toml=wish.secrets_toml,
        profile_toml=wish.profile_toml,
        prune=wish.prune,
        absent=absent,
    )


def _stages(wish: Wish, blueprint: Blueprint) -> tuple[Stage, ...]:
    if wish.scope is Scope.EVERYTHING:
        return stages(blueprint)
    # Corosync's file alone would make a head look as if it had joined.
    outside = [name for name in blueprint.head_names if blueprint.joins(name)]
    if outside:
        raise NotReady(*(problem("head-not-in-cluster", node=name) for name in outside))
    return timeout_stages(blueprint)


def _secrets(facts: ClusterFacts, *, has_arbiter: bool) -> ServiceSecrets:
    """Those that a head has; the first head's where an interrupted run left two sets."""
    stored = [service_secrets.parse(head.service_secrets) for head in facts.heads]
    known = next((one for one in stored if one), None) or service_secrets.generate()
    if not has_arbiter:
        return replace(known, arbiter=None)
    return known if known.arbiter else replace(known, arbiter=new_identity(CLUSTER_NAME))


async def _carry_out(wish: Wish, fleet: Fleet, interface: Interface, outcome: Outcome) -> None:
    plan = outcome.plan
    if not wish.yes:
        want_agreement(plan, interface)
    dispensable = _dispensable(wish, server_names(wish.settings, wish.profile))
    run = Run(servers=fleet.servers, observer=interface, dispensable=dispensable)
    failure: LiveClusterError | None = None
    try:
        await run.carry_out(plan)
    except LiveClusterError as error:
        failure = error
        raise
    finally:
        lost = tuple(found for error in run.lost.values() for found in error.problems)
        outcome.problems += lost
        outcome.is_partial = outcome.is_partial or bool(lost)
        outcome.results = run.results + run.unreached(plan)
        told = await remember(fleet, wish.asked_by, outcome.results, failure)
        outcome.problems += told
        interface.warnings(told)
        await forget_old_runs(fleet)
