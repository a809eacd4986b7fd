"""What Pacemaker and Corosync on this server report, as values."""

from __future__ import annotations

from live_cluster.model.cluster_view import (
    Ban,
    ClusterView,
    FailCount,
    Failure,
    FenceEvent,
    Instance,
    Kind,
    Node,
    ResourceSet,
    Role,
)
from live_cluster.probes.xml_tree import Element, NotXml, parse_xml

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INFINITY = 1_000_000


class NoClusterView(ValueError):
    """The text is not a complete report: Pacemaker is not running, or only just starting."""


def parse_crm_mon(text: str | bytes) -> ClusterView:
    """The view in crm_mon's XML (Pacemaker 2.1 and 3); NoClusterView where it reports an error instead."""
    try:
        root = parse_xml(text)
    except NotXml as error:
        raise NoClusterView(str(error)) from error
    summary = root.find("summary")
    if summary is None or root.find("nodes") is None:
        raise NoClusterView(_reported_error(root))
    dc = _child(summary, "current_dc")
    change = _child(summary, "last_change")
    options = _child(summary, "cluster_options")
    sets = tuple(_sets(root))
    devices = tuple(one for group in sets if _is_device(group) for one in group.instances)
    device_names = {one.id for one in devices}
    return ClusterView(
        stack=_child(summary, "stack").get("type", "unknown"),
        dc=dc.get("name", ""),
        dc_version=dc.get("version", ""),
        with_quorum=_flag(dc, "with_quorum"),
        last_updated=_child(summary, "last_update").get("time", ""),
        last_change=change.get("time", ""),
        change_user=change.get("user", ""),
        change_client=change.get("client", ""),
        change_origin=change.get("origin", ""),
        nodes=_nodes(root),
        resources_configured=int(_child(summary, "resources_configured").get("number", "0")) - len(devices),
        sets=tuple(group for group in sets if not _is_device(group)),
        failures=tuple(_failure(element) for element in root.iterfind("failures/failure")),
        fail_counts=tuple(one for one in _fail_counts(root) if one.resource not in device_names),
        # A head never has its own device.
        bans=tuple(one for one in _bans(root) if one.resource not in device_names),
        fencing_enabled=_flag(options, "fencing-enabled") or _flag(options, "stonith-enabled"),
        maintenance_mode=_flag(options, "maintenance-mode"),
        stop_all_resources=_flag(options, "stop-all-resources"),
        fencing_devices=devices,
        failed_fencing=tuple(_failed_fencing(root)),
    )


def _reported_error(root: Element) -> str:
    status = root.find("status")
    return status.get("message", "") if status is not None else "no summary"


def _child(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return Element(tag, {}) if found is None else found


def _flag(element: Element, name: str) -> bool:
    return element.get(name) == "true"


def _nodes(root: Element) -> tuple[Node, ...]:
    attributes = {
        node.get("name", ""): {
            one.get("name", ""): one.get("value", "") for one in node.iterfind("attribute")
        }
        for node in root.iterfind("node_attributes/node")
    }
    return tuple(
        Node(
            name=element.get("name", ""),
            online=_flag(element, "online"),
            standby=_flag(element, "standby") or _flag(element, "standby_onfail"),
            maintenance=_flag(element, "maintenance"),
            pending=_flag(element, "pending"),
            unclean=_flag(element, "unclean"),
            shutdown=_flag(element, "shutdown"),
            health=element.get("health", "green"),
            attributes=attributes.get(element.get("name", ""), {}),
            id=element.get("id", ""),
        )
        for element in root.iterfind("nodes/node")
    )


def _sets(root: Element) -> Iterator[ResourceSet]:
    resources = root.find("resources")
    for element in resources.children if resources is not None else ():
        if element.tag == "resource":
            instances: tuple[Instance, ...] = (_instance(element),)
        else:
            # A clone of a group and a bundle hold their instances one level deeper.
            instances = tuple(_instance(one) for one in element.iter("resource"))
        yield ResourceSet(
            kind=_kind(element),
            id=element.get("id", ""),
            instances=instances,
            managed=element.get("managed", "true") == "true",
            disabled=_flag(element, "disabled"),
            maintenance=_flag(element, "maintenance"),
        )


def _is_device(group: ResourceSet) -> bool:
    return any(one.agent.startswith("stonith:") for one in group.instances)


def _failed_fencing(root: Element) -> Iterator[FenceEvent]:
    """What failed, newest first as Pacemaker has it, and did not succeed or get confirmed by hand after that."""
    events = tuple(root.iterfind("fence_history/fence_event"))
    done: dict[str, str] = {}
    for element in events:
        if element.get("status") == "success":
            target = element.get("target", "")
            done[target] = max(done.get(target, ""), element.get("completed", ""))
    for element in events:
        is_over = element.get("completed", "") <= done.get(element.get("target", ""), "")
        if element.get("status") == "failed" and not is_over:
            yield FenceEvent(
                action=element.get("action", ""),
                target=element.get("target", ""),
                status="failed",
                when=element.get("completed", ""),
                reason=element.get("exit-reason", ""),
            )


def _kind(element: Element) -> Kind:
    if element.tag == "clone":
        return Kind.PROMOTABLE if _flag(element, "multi_state") else Kind.CLONE
    return {"resource": Kind.PRIMITIVE, "group": Kind.GROUP}.get(element.tag, Kind.BUNDLE)


def _instance(element: Element) -> Instance:
    return Instance(
        id=element.get("id", "").partition(":")[0],
        agent=element.get("resource_agent", ""),
        role=Role.parse(element.get("role", "")),
        nodes=tuple(node.get("name", "") for node in element.iterfind("node")),
        active=_flag(element, "active"),
        managed=element.get("managed", "true") == "true",
        failed=_flag(element, "failed"),
        blocked=_flag(element, "blocked"),
        orphaned=_flag(element, "orphaned"),
        maintenance=_flag(element, "maintenance"),
        target_role=element.get("target_role", ""),
        pending=element.get("pending", ""),
        failure_ignored=_flag(element, "failure_ignored"),
    )


def _failure(element: Element) -> Failure:
    # The key is RESOURCE_TASK_INTERVAL, and a resource's name may hold underscores itself.
    resource = element.get("op_key", element.get("id", "")).rsplit("_", 2)[0]
    return Failure(
        resource=resource.partition(":")[0],
        task=element.get("task", ""),
        node=element.get("node", ""),
        exit_status=element.get("exitstatus", ""),
        exit_reason=_unescaped(element.get("exitreason", "")),
        when=element.get("last-rc-change", ""),
    )


def _unescaped(text: str) -> str:
    """Pacemaker 2.1 escapes exit reasons twice."""
    for entity, character in (("&apos;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


def _fail_counts(root: Element) -> Iterator[FailCount]:
    for node in root.iterfind("node_history/node"):
        for history in node.iterfind("resource_history"):
            count = history.get("fail-count")
            if count is not None:
                yield FailCount(
                    resource=history.get("id", "").partition(":")[0],
                    node=node.get("name", ""),
                    times=_score(count),
                    threshold=_score(history.get("migration-threshold", "")) or INFINITY,
                )


def _bans(root: Element) -> Iterator[Ban]:
    for element in root.iterfind("bans/ban"):
        if _score(element.get("weight", "")) > -INFINITY:
            continue
        yield Ban(
            id=element.get("id", ""),
            resource=element.get("resource", ""),
            node=element.get("node", ""),
            promoted_only=_flag(element, "promoted-only") or _flag(element, "master_only"),
        )


def _score(text: str) -> int:
    if text.lstrip("+-") == "INFINITY":
        return -INFINITY if text.startswith("-") else INFINITY
    try:
        return int(text)
    except ValueError:
        return 0
