"""Give an order to the cluster from this server, and tell what comes of it until it is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from live_cluster.apply.waiting import Clock, wait_until
from live_cluster.commands.missing import SETTLED, Missing, Wish, failure_fields, missing_of
from live_cluster.commands.status import Server, view_now
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Role
from live_cluster.remote.local import command_failed

_WRITE_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long, and who is told what happens on the way."""

    deadline_s: float
    tell: Callable[[Message], None]
    remaining: Callable[[Sequence[Missing], int], None]
    clock: Clock = field(default_factory=Clock)
    look_every_s: float = 1.0


def run_here(server: Server, argv: tuple[str, ...]) -> None:
    """One changing command on this server; CommandFailed with what it said."""
    completed = server.start(argv).finish(timeout_s=_WRITE_DEADLINE_S)
    if completed.returncode != 0:
        raise command_failed(argv, completed.returncode, completed.stderr)


def follow(
    server: Server,
    waiting: Waiting,
    before: ClusterView,
    is_settled: Callable[[ClusterView], bool],
    *,
    wish: Wish = Wish.START,
) -> ClusterView:
    """Tell every change since `before` until it is settled or the time is over; what the last look saw."""
    seen = before

    def settled() -> bool:
        nonlocal seen
        now = view_now(server)
        for change in changes(seen, now):
            waiting.tell(change)
        seen = now
        waiting.remaining(missing_of(now, wish), now.resources_configured)
        return is_settled(now)

    wait_until(settled, deadline_s=waiting.deadline_s, poll_s=waiting.look_every_s, clock=waiting.clock)
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
            yield message("resource-action-failed", **failure_fields(failure))


def _places(view: ClusterView) -> dict[tuple[str, str], Role]:
    running = [one for _, one in view.instances() if one.active and not one.failed]
    return {(one.id, node): one.role for one in running for node in one.nodes}
