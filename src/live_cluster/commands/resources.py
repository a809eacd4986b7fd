"""Stop and start everything that the cluster runs, and wait until it is so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from live_cluster.apply.waiting import Clock, wait_until
from live_cluster.commands.status import Server, view_now
from live_cluster.errors import CommandFailed, NotReady, problem
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Failure, Instance, Kind, ResourceSet, Role

SETTLED = (Role.STARTED, Role.PROMOTED, Role.UNPROMOTED)

# One property: it survives reboots and fail-overs, and leaves every resource's own settings alone.
_PROPERTY = ("crm_attribute", "--type", "crm_config", "--name", "stop-all-resources")
_CLEANUP = ("crm_resource", "--cleanup")
_WRITE_DEADLINE_S = 60.0


class Wish(Enum):
    """What is to become of the resources."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An instance that is not yet as wished, where it is (or should be), and the failure that explains it."""

    resource: str
    group: str
    node: str
    role: str
    stuck: bool = False
    failure: Failure | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long, and who is told what happens on the way."""

    deadline_s: float
    tell: Callable[[Message], None]
    remaining: Callable[[Sequence[Missing], int], None]
    clock: Clock = field(default_factory=Clock)


def change_all(wish: Wish, server: Server, waiting: Waiting) -> Outcome:
    """Give the order and wait for its effect; NotReady where Pacemaker would not carry it out."""
    begun = waiting.clock.now()
    before = view_now(server)
    ordered = before.stop_all_resources is (wish is Wish.STOP)
    if ordered and not missing_of(before, wish):
        return Outcome(wish=wish, changed=False, missing=(), view=before, away=_away(before, wish))
    _refuse_where_nothing_would_happen(before, wish)
    waiting.tell(message("resources-stopping" if wish is Wish.STOP else "resources-starting"))
    _order(wish, before, server)
    after = _watch(wish, before, server, waiting)
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


def run_here(server: Server, argv: tuple[str, ...]) -> None:
    """One changing command on this server; CommandFailed with what it said."""
    completed = server.start(argv).finish(timeout_s=_WRITE_DEADLINE_S)
    if completed.returncode != 0:
        raise CommandFailed(
            problem(
                "command-failed",
                node=os.uname().nodename,
                command=" ".join(argv),
                exit_code=completed.returncode,
                output=completed.stderr.decode(errors="replace").strip(),
            )
        )


def _watch(wish: Wish, before: ClusterView, server: Server, waiting: Waiting) -> ClusterView:
    seen = before

    def settled() -> bool:
        nonlocal seen
        now = view_now(server)
        for change in changes(seen, now):
            waiting.tell(change)
        seen = now
        missing = missing_of(now, wish)
        waiting.remaining(missing, now.resources_configured)
        return not missing or all(one.stuck for one in missing)

    wait_until(settled, deadline_s=waiting.deadline_s, clock=waiting.clock)
    return seen


def changes(old: ClusterView, new: ClusterView) -> Iterator[Message]:
    """What happened between two looks, a sentence each."""
    was, now = _places(old), _places(new)
    for (resource, node), role in now.items():
        if was.get((resource, node)) is not role and role in SETTLED:
            yield message("resource-changed-on", resource=resource, role=role.value, node=node)
    for resource, node in was:
        if (resource, node) not in now:
            yield message("resource-changed-on", resource=resource, role=Role.STOPPED.value, node=node)
    # Pacemaker tries again and again; the same failure is told once.
    told = {one._replace(when="") for one in old.failures}
    for failure in new.failures:
        if failure._replace(when="") not in told:
            yield message("resource-action-failed", **_failure_fields(failure))


def _places(view: ClusterView) -> dict[tuple[str, str], Role]:
    running = [one for _, one in view.instances() if one.active and not one.failed]
    return {(one.id, node): one.role for one in running for node in one.nodes}


def _failure_fields(failure: Failure) -> dict[str, object]:
    reason = failure.exit_reason or failure.exit_status
    return {"resource": failure.resource, "task": failure.task, "node": failure.node, "reason": reason}


def why(missing: Missing) -> Message:
    """The failed action behind it, as a part of a sentence; nothing where there is none."""
    if missing.failure is None:
        return message("resource-why-unknown")
    return message("resource-why", **_failure_fields(missing.failure))


def missing_of(view: ClusterView, wish: Wish) -> tuple[Missing, ...]:
    """Every instance that is not yet as wished."""
    parts = _still_active(view) if wish is Wish.STOP else _not_yet_running(view)
    return tuple(parts)


def _still_active(view: ClusterView) -> Iterator[Missing]:
    for group, instance in view.instances():
        for node in instance.nodes if instance.active else ():
            yield _missing_instance(view, group, instance, node)


def _not_yet_running(view: ClusterView) -> Iterator[Missing]:
    for group in view.sets:
        if group.disabled:
            continue
        if group.is_clone:
            yield from _clone_not_yet_running(view, group)
            continue
        for instance in group.instances:
            runs = instance.active and instance.role in SETTLED and not instance.failed
            if not runs and not instance.disabled:
                yield _missing_instance(view, group, instance, "")


def _clone_not_yet_running(view: ClusterView, group: ResourceSet) -> Iterator[Missing]:
    if not group.instances or group.instances[0].disabled:
        return
    covered = group.nodes_in(*SETTLED)
    for node in view.nodes:
        if node.available and node.name not in covered:
            yield _missing_instance(view, group, group.instances[0], node.name)
    if group.kind is Kind.PROMOTABLE and covered and not group.nodes_in(Role.PROMOTED):
        yield _missing_instance(view, group, group.instances[0], "")


def _missing_instance(view: ClusterView, group: ResourceSet, instance: Instance, node: str) -> Missing:
    failures = [
        one for one in view.failures if one.resource == instance.id and one.node in (node, *instance.nodes)
    ]
    if not node:
        failures = [one for one in view.failures if one.resource == instance.id]
    return Missing(
        resource=instance.id,
        group=group.id,
        node=node,
        role=instance.role.value,
        stuck=instance.blocked or not instance.managed,
        failure=failures[-1] if failures else None,
    )


def _away(view: ClusterView, wish: Wish) -> tuple[str, ...]:
    if wish is Wish.STOP:
        return ()
    return tuple(node.name for node in view.nodes if not node.available)
