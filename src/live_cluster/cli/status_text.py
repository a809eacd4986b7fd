"""The cluster in the article's words (the same in every language) and our own lines below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from live_cluster.cli.fencing_text import fencing_lines
from live_cluster.cli.network_text import network_lines
from live_cluster.cli.output import Output
from live_cluster.messages import Message, message
from live_cluster.model.cluster_view import ClusterView, Failure, Instance, Kind, Node, ResourceSet, Role
from live_cluster.model.health import Observation, RecentFailures, Verdict
from live_cluster.model.maintenance import Maintenance
from live_cluster.model.membership import Quorum
from live_cluster.model.replication import Mode, Rejoin, Replication

_TITLES = {
    Kind.GROUP: "Resource Group: {id}",
    Kind.PROMOTABLE: "Master/Slave Set: {id} [{member}]",
    Kind.CLONE: "Clone Set: {id} [{member}]",
    Kind.BUNDLE: "Container bundle: {id}",
}
_ORDER = {Kind.PROMOTABLE: 1, Kind.CLONE: 2}
_CLONE_LINES = ((Role.PROMOTED, "Masters"), (Role.UNPROMOTED, "Slaves"), (Role.STARTED, "Started"))


def article_lines(view: ClusterView, output: Output) -> Iterator[str]:
    """The article's layout, which is crm_mon's of Pacemaker 1.1."""
    yield f"Stack: {view.stack}"
    yield f"Current DC: {_coordinator(view)}"
    yield f"Last updated: {view.last_updated}"
    yield f"Last change: {view.last_change}{_author(view)}"
    yield ""
    yield f"{len(view.nodes)} nodes configured"
    yield f"{view.resources_configured} resources configured"
    if view.fencing_devices:
        yield f"{len(view.fencing_devices)} fencing devices configured"
    yield ""
    yield from _node_lines(view.nodes, output)
    yield ""
    yield "Full list of resources:"
    yield ""
    width = max((len(one.id) for _, one in view.instances()), default=0)
    # crm_mon puts first what has priority, and the article the groups.
    for group in sorted(view.sets, key=lambda one: _ORDER.get(one.kind, 0)):
        yield from _set_lines(group, view.nodes, width, output)
    yield from (_instance_line(device, width, output) for device in view.fencing_devices)


def _coordinator(view: ClusterView) -> str:
    if not view.dc:
        return "NONE"
    quorum = "with quorum" if view.with_quorum else "WITHOUT quorum"
    return f"{view.dc} (version {view.dc_version}) - partition {quorum}"


def _author(view: ClusterView) -> str:
    parts = (("by", view.change_user), ("via", view.change_client), ("on", view.change_origin))
    return "".join(f" {word} {value}" for word, value in parts if value)


def _node_lines(nodes: Sequence[Node], output: Output) -> Iterator[str]:
    special = [(node, _special_state(node)) for node in nodes]
    for node, state in special:
        if state:
            yield output.styled(f"Node {node.name}: {state}", "yellow")
    plain = [node for node, state in special if not state]
    for title, names in (
        ("Online", [node.name for node in plain if node.online]),
        ("OFFLINE", [node.name for node in plain if not node.online]),
    ):
        if names:
            yield output.styled(f"{title}: {_list(names)}", "red" if title == "OFFLINE" else "")


def _special_state(node: Node) -> str:
    if node.unclean:
        return "UNCLEAN (online)" if node.online else "UNCLEAN (offline)"
    if node.pending:
        return "pending"
    if node.standby:
        return "standby" if node.online else "OFFLINE (standby)"
    if node.maintenance:
        return "maintenance" if node.online else "OFFLINE (maintenance)"
    return ""


def _list(names: Sequence[str]) -> str:
    return f"[ {' '.join(names)} ]"


def _set_lines(group: ResourceSet, nodes: Sequence[Node], width: int, output: Output) -> Iterator[str]:
    title = _TITLES.get(group.kind)
    if title is not None:
        states = (("unmanaged", not group.managed), ("disabled", group.disabled))
        yield title.format(id=group.id, member=group.member) + _flags(states)
    if not group.is_clone:
        for instance in group.instances:
            yield _instance_line(instance, width, output)
        return
    plain = [one for one in group.instances if _is_plain(one)]
    for instance in group.instances:
        if instance not in plain:
            yield _instance_line(instance, width, output)
    for role, word in _CLONE_LINES:
        names = sorted(name for one in plain if one.role is role for name in one.nodes)
        if names:
            yield f"  {word}: {_list(names)}"
    active = {name for one in group.instances for name in one.nodes}
    stopped = [node.name for node in nodes if node.name not in active]
    if stopped and any(not one.active for one in group.instances):
        yield output.styled(f"  Stopped: {_list(stopped)}", "red")


def _is_plain(instance: Instance) -> bool:
    """Shown by its node's name in a list, as most instances of a clone."""
    settled = instance.role in (Role.STARTED, Role.PROMOTED, Role.UNPROMOTED, Role.STOPPED)
    return settled and not (instance.failed or instance.blocked or instance.orphaned or not instance.managed)


def _instance_line(instance: Instance, width: int, output: Output) -> str:
    agent = instance.agent.replace("ocf:", "ocf::", 1)
    label = f"({agent}):"
    state = "FAILED" if instance.failed else instance.role.value
    if instance.failed and instance.role is not Role.STARTED:
        state += f" {instance.role.value}"
    flags = (
        ("disabled", instance.disabled),
        ("blocked", instance.blocked),
        ("unmanaged", not instance.managed),
        ("orphaned", instance.orphaned),
    )
    text = " ".join((state, *instance.nodes)) + _flags(flags)
    colour = "" if instance.active and not instance.failed else "red"
    return f"  {instance.id:<{width}}  {label:<29}  {output.styled(text, colour)}"


def _flags(states: Sequence[tuple[str, bool]]) -> str:
    words = ", ".join(word for word, holds in states if holds)
    return f" ({words})" if words else ""


def our_lines(seen: Observation, verdict: Verdict, output: Output) -> Iterator[str]:
    """Loud states, replication, failed actions, the verdict for each head, hazards."""
    for loud, code in (
        (seen.view.maintenance_mode and seen.maintenance is None, "status-maintenance"),
        (seen.view.stop_all_resources, "status-stopped"),
    ):
        if loud:
            yield output.styled(output.words(message(code)), "red")
    if seen.maintenance is not None:
        yield output.styled(output.words(_maintenance(seen.maintenance)), "red")
    if seen.view.database is not None:
        colour = "" if seen.replication.mode is Mode.SYNCHRONOUS else "yellow"
        yield output.styled(output.words(replication_line(seen.replication)), colour)
    yield from _mirror_lines(seen, output)
    if seen.rejoin is not None:
        yield output.styled(output.words(_rejoin(seen.rejoin)), "yellow")
    if seen.quorum is not None and seen.quorum.arbiter:
        colour = "" if seen.quorum.arbiter_votes else "yellow"
        yield output.styled(output.words(arbiter_line(seen.quorum)), colour)
    yield from fencing_lines(seen, output)
    yield from network_lines(seen.network, seen.links, output)
    yield from _certificate_lines(seen, output)
    for one in seen.set_aside:
        size = one.size_bytes >> 20
        yield output.styled(output.words(message("status-set-aside", path=one.path, size=size)), "yellow")
    yield from _failure_lines(seen.view, output)
    if seen.recent != RecentFailures():
        recent = message("status-recent-failures", **seen.recent.as_dict())
        yield output.styled(output.words(recent), "yellow")
    yield ""
    yield from _verdict_lines(verdict, output)
    for hazard in verdict.hazards:
        yield output.styled(output.words(message("hazard", text=hazard)), "yellow")


def _mirror_lines(seen: Observation, output: Output) -> Iterator[str]:
    if seen.mirror is not None:
        from live_cluster.cli.status_mirror import mirror_lines

        yield from mirror_lines(seen.mirror, output)


def _certificate_lines(seen: Observation, output: Output) -> Iterator[str]:
    if seen.certificate is not None:
        yield output.words(message("status-certificate", until=seen.certificate.until))


def _maintenance(known: Maintenance) -> Message:
    until = (
        message("maintenance-until", until=known.until) if known.until else message("maintenance-open-end")
    )
    return message("status-maintenance-by", by=known.by, since=known.since, until=until)


def arbiter_line(quorum: Quorum) -> Message:
    """One sentence: where the third vote is, and who has it."""
    address = quorum.arbiter_address or "?"
    if not quorum.arbiter_votes:
        return message("status-arbiter-silent", address=address)
    return message("status-arbiter", address=address, heads=", ".join(quorum.arbiter_heads))


def replication_line(replication: Replication) -> Message:
    """One sentence: mode, who sends, who follows, how far behind."""
    if not replication.primary:
        return message("status-replication-no-primary")
    if replication.mode is Mode.NONE:
        return message("status-replication-none", primary=replication.primary)
    lag = replication.lag_bytes
    return message(
        "status-replication",
        mode=message(f"replication-{replication.mode.value}"),
        primary=replication.primary,
        standby=replication.standby,
        state=replication.standby_state or "?",
        lag=message("lag-unknown") if lag is None else message("lag-bytes", bytes=lag),
    )


def _rejoin(rejoin: Rejoin) -> Message:
    return message("status-rejoin", **rejoin_fields(rejoin))


def rejoin_fields(rejoin: Rejoin) -> dict[str, object]:
    """State, progress and detail of a repair, as parts of a sentence."""
    progress = message("rejoin-size-unknown")
    if rejoin.done_bytes is not None and rejoin.total_bytes:
        percent = min(100, 100 * rejoin.done_bytes // rejoin.total_bytes)
        progress = message("rejoin-size", percent=percent)
    known = rejoin.state in ("checking", "waiting", "rewinding", "copying", "ready", "started", "failed")
    state = message(f"rejoin-{rejoin.state}") if known else rejoin.state
    detail = f": {rejoin.message}" if rejoin.message else ""
    return {"state": state, "progress": progress, "detail": detail}


def _failure_lines(view: ClusterView, output: Output) -> Iterator[str]:
    if not view.failures:
        return
    yield ""
    yield output.styled(output.words(message("status-failures")), "yellow")
    yield from (f"  {output.words(_failure(one))}" for one in view.failures)


def _failure(one: Failure) -> Message:
    return message(
        "status-failure",
        resource=one.resource,
        task=one.task,
        node=one.node,
        reason=one.exit_reason or one.exit_status,
        when=one.when,
    )


def _verdict_lines(verdict: Verdict, output: Output) -> Iterator[str]:
    if verdict.down:
        yield output.styled(output.words(message("verdict-down")), "red")
        yield from (f"  - {output.words(reason)}" for reason in verdict.down)
    if verdict.blocking:
        yield from _because("verdict-cannot-lose-any", "", verdict.blocking, output)
    if verdict.down or verdict.blocking:
        return
    for loss in verdict.losses:
        if loss.reasons:
            yield from _because("verdict-cannot-lose", loss.node, loss.reasons, output)
        else:
            yield output.styled(output.words(message("verdict-can-lose", node=loss.node)), "green")


def _because(code: str, node: str, reasons: Sequence[Message], output: Output) -> Iterator[str]:
    if len(reasons) == 1:
        yield output.styled(output.words(message(code, node=node, reason=reasons[0])), "red")
        return
    yield output.styled(output.words(message(f"{code}-several", node=node)), "red")
    yield from (f"  - {output.words(reason)}" for reason in reasons)
