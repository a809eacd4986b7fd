"""What services that hang or fail mean for the pair; a part of the judgement in `health`."""

from __future__ import annotations

import time

from live_cluster.messages import Message, message
from live_cluster.model.service_marks import failing, hanging, unit_of

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from live_cluster.model.cluster_view import ClusterView


def services_down(view: ClusterView, words: tuple[tuple[str, str], ...]) -> Iterator[Message]:
    """Services that run nowhere, because the heads could not run them; `words` are their last ones here."""
    running = {one.id for _, one in view.instances() if one.active and not one.failed and one.nodes}
    marks = [one for one in failing(view) if one.resource not in running]
    for resource in dict.fromkeys(one.resource for one in marks):
        found = [one for one in marks if one.resource == resource]
        yield message(
            "health-service-fails-on",
            resource=resource,
            nodes=", ".join(one.node for one in found),
            at=_local(min(one.at for one in found)),
            words=dict(words).get(resource) or message("service-without-words"),
        )


def services_blocking(view: ClusterView) -> Iterator[Message]:
    """Services that could not be stopped."""
    for one in hanging(view):
        yield message(
            "health-service-hangs", resource=one.resource, node=one.node, unit=unit_of(view, one.resource)
        )


def services_against(survivor: str, view: ClusterView) -> Iterator[Message]:
    """Services that this head could not run when it had to; those that run nowhere are another matter."""
    running = {one.id for _, one in view.instances() if one.active and not one.failed and one.nodes}
    for one in failing(view):
        if one.node == survivor and one.resource in running:
            yield message("health-service-fails", resource=one.resource, node=survivor, at=_local(one.at))


def _local(at: str) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(int(at))) if at.isdigit() else at
