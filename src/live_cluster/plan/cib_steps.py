"""The CIB: one patch, rehearsed before; what others have put there stays, or is taken out along with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lxml import etree

from live_cluster.errors import Problem, problem, warning
from live_cluster.messages import message
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.failing_services import marks_forgotten_in, where_services_fail
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.plan.step import Check, Impact, Replies, SecondLook, Step
from live_cluster.plan.view_checks import stdout_of
from live_cluster.probes.head import CIB
from live_cluster.probes.simulation import (
    Effect,
    NoSimulation,
    effects_of,
    errors_of,
    only_warns,
    simulate,
    verify,
    warnings_of,
)
from live_cluster.remote.requests import Command, CommandResult, RemoveFile, Request, WriteFile
from live_cluster.render import cib, cib_difference
from live_cluster.render.cib_elements import Element
from live_cluster.render.cib_foreign import ForeignObject, Kind, foreign_objects, kept_aside
from live_cluster.render.cib_watchdog import as_if_armed

OLD_CIB = "/run/live-cluster/cib-old.xml"
NEW_CIB = "/run/live-cluster/cib-new.xml"
# Until nothing is under way any more; 124 is its own time-out, and the step after this one says what does not run.
SETTLE = Command(argv=("crm_resource", "--wait", "--timeout=600s"), timeout_s=700, accepts=(0, 124))
# What becomes of a service by these; anything else that Pacemaker does is a restart at most.
_IMPACTS = {
    "start": Impact.NONE,
    "reload": Impact.RELOAD,
    "move": Impact.FAILOVER,
    "migrate": Impact.FAILOVER,
    "promote": Impact.FAILOVER,
    "demote": Impact.FAILOVER,
    "fence": Impact.FAILOVER,
    "stop": Impact.OUTAGE,
}
_TAKES_OVER = frozenset(("start", "move", "migrate", "promote"))


def pruned_file(set_aside: str) -> str:
    """Where a run keeps what it takes out."""
    return f"{set_aside}/pruned-from-cib.xml"


def foreign_in_cib(plan: Blueprint) -> tuple[ForeignObject, ...]:
    """What is in the running CIB and not ours. Before the cluster exists nothing is."""
    running = next((head.cib for head in plan.facts.heads if head.cib), b"")
    if plan.forming or not running:
        return ()
    return foreign_objects(running, cib.configuration(cib_plan(plan)))


def cib_step(plan: Blueprint) -> Step:
    """The CIB holds everything of ours as wanted, with --prune nothing else; the change is one patch."""
    wanted = cib.configuration(cib_plan(plan))
    foreign = foreign_in_cib(plan) if plan.prune else ()
    prune = bool(foreign)

    def holds(replies: Replies) -> bool:
        reply = replies[0]
        return (
            isinstance(reply, CommandResult)
            and reply.ok
            and not cib_difference.differs(reply.stdout, wanted, prune=prune)
        )

    def actions(replies: Replies) -> tuple[Request, ...]:
        present = stdout_of(replies[0])
        aside = WriteFile(path=pruned_file(plan.set_aside), content=kept_aside(present, wanted), mode=0o600)
        change = patch(present, _complete(plan, wanted, present), prune=prune)
        # The first run's later steps wait for more than this.
        settled = () if plan.forming else (SETTLE,)
        return (*((aside,) if prune else ()), *marks_forgotten_in(present, plan), *change, *settled)

    def describe(replies: Replies) -> str:
        reply = replies[0]
        if not isinstance(reply, CommandResult) or not reply.ok:
            return ""
        return cib_difference.preview(reply.stdout, _complete(plan, wanted, reply.stdout), prune=prune)

    names = ", ".join(one.id for one in foreign)
    return Step(
        code="cib",
        node=plan.head_names[0],
        title=message("step-cib-prune", count=len(foreign)) if prune else message("step-cib"),
        impact=Impact.RESTART if _restarts_something(plan, wanted) else Impact.NONE,
        actions=actions,
        check=Check(requests=(CIB,), holds=holds),
        describe=describe,
        gives_up=where_services_fail(),
        # The head that answers need not be the one that carries the change out.
        deadline_s=30,
        tolerates=warned_only,
        asks=message("ask-prune", count=len(foreign), names=names) if prune else None,
        second_look=None if plan.forming else _rehearsal(wanted, foreign),
    )


def warned_only(action: Command, reply: CommandResult) -> bool:
    """crm_verify(8) has an exit code for warnings, too."""
    return action.argv[0] == "crm_verify" and only_warns(reply)


def _complete(plan: Blueprint, wanted: Element, running_cib: bytes) -> Element:
    names = plan.profile.resources
    if f'id="{names.database_clone}"'.encode() in running_cib:
        return wanted
    # Together with the resources, so that no moment exists in which the agent does not know whose data counts.
    source = plan.data_source(plan.head_names[0])
    states = {name: "latest" if name == source else "stale" for name in plan.head_names}
    return cib_difference.with_node_attributes(wanted, running_cib, f"{names.database}-data", states)


def patch(running: bytes, wanted: Element, *, prune: bool = False) -> tuple[Request, ...]:
    """What has to be done so that everything of ours is as wanted."""
    present = cib_difference.without_device_history(running)
    new = cib_difference.merged(present, wanted, prune=prune)
    return (
        WriteFile(path=OLD_CIB, content=cib_difference.normalised(present), mode=0o600),
        WriteFile(path=NEW_CIB, content=new, mode=0o600),
        Command(argv=("crm_verify", "--xml-file", NEW_CIB)),
        # Exit code 1 says that they differ. Without versions: the status section's change all the time. What
        # somebody else changes meanwhile stays, for the patch names the elements it is about.
        Command(argv=("crm_diff", "--no-version", "--original", OLD_CIB, "--new", NEW_CIB), accepts=(1,)),
        Command(argv=("cibadmin", "--patch", "--xml-pipe"), input_from_previous=True, changes_node=True),
        RemoveFile(path=OLD_CIB),
        RemoveFile(path=NEW_CIB),
    )


def _restarts_something(plan: Blueprint, wanted: Element) -> bool:
    """A guess, for where Pacemaker cannot be asked: fencing devices come and go without anybody's notice."""
    running = [head.cib for head in plan.facts.heads if head.cib]
    return not plan.forming and any(cib_difference.changes_resources(one, wanted) for one in running)


def _rehearsal(wanted: Element, foreign: tuple[ForeignObject, ...]) -> SecondLook:
    """Pacemaker is asked what it makes of the new CIB, and what it would do."""

    def new_cib(replies: Replies) -> bytes:
        present = cib_difference.without_device_history(stdout_of(replies[0]))
        # sbd may start only in this very run.
        return as_if_armed(cib_difference.merged(present, wanted, prune=bool(foreign)), wanted)

    def requests(replies: Replies) -> tuple[Request, ...]:
        reply = replies[0]
        if not isinstance(reply, CommandResult) or not reply.ok:
            return ()
        new = new_cib(replies)
        return verify(new), simulate(new)

    def judged(step: Step, replies: Replies, answers: Replies) -> tuple[Step, tuple[Problem, ...]]:
        verdict, simulation = answers
        assert isinstance(verdict, CommandResult)
        assert isinstance(simulation, CommandResult)
        found = [*_lost_fencing(step.node, foreign), *_faults(step.node, verdict, foreign)]
        try:
            effects = effects_of(simulation)
        except NoSimulation as error:
            return step, (*found, warning("cib-not-simulated", node=step.node, reason=str(error)))
        devices = _devices(stdout_of(replies[0])) | _devices(new_cib(replies))
        return replace(step, effects=effects, impact=impact_of(effects, devices)), tuple(found)

    return SecondLook(requests=requests, judged=judged)


def impact_of(effects: Iterable[Effect], devices: frozenset[str] = frozenset()) -> Impact:
    """The worst of them; nobody notices what becomes of the fencing `devices`."""
    noticed = [one for one in effects if one.resource not in devices]
    goes_on = {one.resource for one in noticed if one.action in _TAKES_OVER}

    def of(one: Effect) -> Impact:
        if one.action == "stop" and one.resource in goes_on:
            return Impact.FAILOVER
        return _IMPACTS.get(one.action, Impact.RESTART)

    return max(map(of, noticed), default=Impact.NONE)


def _devices(of_cib: bytes) -> frozenset[str]:
    root = etree.fromstring(of_cib)
    return frozenset(str(one.get("id")) for one in root.iterfind(".//primitive[@class='stonith']"))


def _faults(node: str, verdict: CommandResult, pruned: Iterable[ForeignObject]) -> Iterator[Problem]:
    """Only errors are a reason not to begin. What is taken out while it runs is an orphan, as it should be."""
    if not verdict.ok and not only_warns(verdict):
        yield problem("cib-invalid", node=node, reason=errors_of(verdict))
        return
    gone = {one.id for one in pruned}
    for text in warnings_of(verdict) if not verdict.ok else ():
        if not gone & set(text.split()):
            yield warning("cib-warning", node=node, text=text)


def _lost_fencing(node: str, foreign: Iterable[ForeignObject]) -> Iterator[Problem]:
    devices = [one.id for one in foreign if one.kind is Kind.FENCING_DEVICE]
    if devices:
        yield warning("prune-removes-fencing", node=node, devices=", ".join(devices))
