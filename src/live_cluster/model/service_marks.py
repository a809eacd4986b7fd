"""What the cluster's alert (packaging/live-cluster/alert) notes about services, as attributes of the head.

They last until the head reboots, or until what they say is over.
"""

from __future__ import annotations

from live_cluster.model.cluster_view import ClusterView, Instance, Node
from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FAILS, _KILLED = "-fails", "-killed"
_SYSTEMD = "systemd:"


class Mark(Record):
    """Something about a service on a head; `at` in seconds since 1970, as the attribute has it."""

    resource: str
    node: str
    at: str = ""


def fails_attribute(resource: str) -> str:
    """Set where the service could not be started, or died again and again."""
    return f"{resource}{_FAILS}"


def failing(view: ClusterView) -> tuple[Mark, ...]:
    """Services that the heads could not run; one that runs there now can."""
    return tuple(_marks(view, _FAILS, view.nodes))


def to_forget(view: ClusterView) -> tuple[Mark, ...]:
    """All marks, also of services that run there now; those of the primary's head first, or it would be left."""
    nodes = sorted(view.nodes, key=lambda node: node.name != view.primary)
    return tuple(_marks(view, _FAILS, tuple(nodes), everywhere=True))


def killed(view: ClusterView) -> tuple[Mark, ...]:
    """Services that did not end in their time, the last time each on each head."""
    return tuple(_marks(view, _KILLED, view.nodes))


def killed_since(before: ClusterView, now: ClusterView) -> tuple[Mark, ...]:
    """Those that had to be killed between two looks."""
    return tuple(one for one in killed(now) if one not in killed(before))


def hanging(view: ClusterView) -> tuple[Mark, ...]:
    """Services that could not be stopped and must not run twice: Pacemaker does nothing about them any more."""
    return tuple(
        Mark(resource=one.id, node=node)
        for _, one in view.instances()
        if one.blocked and one.agent.startswith(_SYSTEMD)
        for node in one.nodes
    )


def unit_of(view: ClusterView, resource: str) -> str:
    """The systemd unit that the resource stands for."""
    found = (one.agent.removeprefix(_SYSTEMD) for _, one in view.instances() if one.id == resource)
    return next(found, resource)


def fails_everywhere(view: ClusterView) -> tuple[str, ...]:
    """Services that run nowhere, and that no head that is there could run."""
    heads = {node.name for node in view.nodes if node.available}
    found = failing(view)
    return tuple(
        resource
        for resource in dict.fromkeys(one.resource for one in found)
        if heads and heads <= {one.node for one in found if one.resource == resource}
    )


def _marks(
    view: ClusterView, suffix: str, nodes: tuple[Node, ...], *, everywhere: bool = False
) -> Iterator[Mark]:
    services = {one.id: one for _, one in view.instances() if one.agent.startswith(_SYSTEMD)}
    for node in nodes:
        for name, service in services.items():
            at = node.attributes.get(f"{name}{suffix}", "")
            runs = suffix == _FAILS and not everywhere and _runs_on(service, node.name)
            if at and node.online and not runs:
                yield Mark(resource=name, node=node.name, at=at)


def _runs_on(service: Instance, node: str) -> bool:
    return service.active and not service.failed and node in service.nodes
