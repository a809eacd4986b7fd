"""What is not yet as wished, and which failed action is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Failure, Instance, Kind, ResourceSet, Role

SETTLED = (Role.STARTED, Role.PROMOTED, Role.UNPROMOTED)


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


def failure_fields(failure: Failure) -> dict[str, object]:
    """What the sentences about a failed action say."""
    reason = failure.exit_reason or failure.exit_status
    return {"resource": failure.resource, "task": failure.task, "node": failure.node, "reason": reason}


def why(missing: Missing) -> Message:
    """The failed action behind it, as a part of a sentence; nothing where there is none."""
    if missing.failure is None:
        return message("resource-why-unknown")
    return message("resource-why", **failure_fields(missing.failure))


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
