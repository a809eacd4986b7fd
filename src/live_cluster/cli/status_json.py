"""The JSON form of `live-cluster status`."""

from __future__ import annotations

from live_cluster.cli.network_json import network_json
from live_cluster.messages import Message, render
from live_cluster.model.cluster_view import ClusterView, Failure, Instance, Node, ResourceSet
from live_cluster.model.database_settings import facts
from live_cluster.model.health import Observation, Verdict
from live_cluster.model.maintenance import Maintenance
from live_cluster.model.membership import Quorum
from live_cluster.model.replication import Rejoin, Replication
from live_cluster.model.watchdog_view import Watchdog

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from live_cluster.model.mirror import Mirror


def document(seen: Observation, verdict: Verdict) -> dict[str, object]:
    """The JSON form; new fields may be added within version 1, none is removed or renamed."""
    view, replication = seen.view, seen.replication
    return {
        "version": 1,
        "stack": view.stack,
        "dc": {"name": view.dc, "version": view.dc_version, "quorum": view.with_quorum},
        "maintenance_mode": view.maintenance_mode,
        "maintenance": _maintenance(seen.maintenance),
        "resources_stopped": view.stop_all_resources,
        "nodes": [_node(one) for one in view.nodes],
        "resources": [_resource(group, one) for group, one in view.instances()],
        "failed_actions": [_failed_action(one) for one in view.failures],
        "last_day": seen.recent.as_dict(),
        "replication": _replication(replication),
        "settings": [facts(one) for server in seen.databases for one in server.deviations],
        "drbd": None if seen.mirror is None else _mirror(seen.mirror),
        "nas": None if seen.nas is None else seen.nas.as_dict(),
        "rejoin": _rejoin(seen.rejoin),
        "set_aside": [{"path": one.path, "bytes": one.size_bytes} for one in seen.set_aside],
        "arbiter": _arbiter(seen.quorum),
        "fencing": _fencing(view, seen.watchdog),
        "certificate": None
        if seen.certificate is None
        else {"until": seen.certificate.until, "days_left": seen.certificate.days_left},
        "network": network_json(seen.network, seen.links),
        "verdict": {
            "healthy": verdict.healthy,
            "level": verdict.level.value,
            "can_lose": list(verdict.can_lose),
            "reasons": [_reason(one) for one in verdict.reasons],
            "hazards": [_reason(one) for one in verdict.hazards],
        },
    }


def _resource(group: ResourceSet, one: Instance) -> dict[str, object]:
    return {
        "id": one.id,
        "agent": one.agent,
        "group": group.id,
        "node": one.nodes[0] if one.nodes else None,
        "nodes": list(one.nodes),
        "role": one.role.value,
        "failed": one.failed,
        "managed": one.managed,
    }


def _failed_action(one: Failure) -> dict[str, object]:
    return {
        "resource": one.resource,
        "task": one.task,
        "node": one.node,
        "reason": one.exit_reason or one.exit_status,
        "when": one.when,
    }


def _node(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "online": node.online,
        "standby": node.standby,
        "maintenance": node.maintenance,
        "pending": node.pending,
        "unclean": node.unclean,
    }


def _arbiter(quorum: Quorum | None) -> dict[str, object] | None:
    if quorum is None or not quorum.arbiter:
        return None
    return {
        "address": quorum.arbiter_address or None,
        "votes": quorum.arbiter_votes,
        "connected": list(quorum.arbiter_heads),
    }


def _fencing(view: ClusterView, watchdog: Watchdog | None) -> dict[str, object]:
    return {
        "enabled": view.fencing_enabled,
        "watchdog": None
        if watchdog is None
        else {"device": watchdog.device, "disk": watchdog.disk or None, "armed": watchdog.armed},
        "devices": [
            {
                "id": one.id,
                "agent": one.agent,
                "node": one.nodes[0] if one.nodes else None,
                "role": one.role.value,
                "failed": one.failed,
            }
            for one in view.fencing_devices
        ],
        "failed": [one.as_dict() for one in view.failed_fencing],
    }


def _replication(replication: Replication) -> dict[str, object]:
    return {
        "mode": replication.mode.value,
        "primary": replication.primary,
        "standby": replication.standby,
        "standby_state": replication.standby_state,
        "lag_bytes": replication.lag_bytes,
    }


def _mirror(mirror: Mirror) -> dict[str, object]:
    drbd = mirror.drbd
    resync = {
        "node": mirror.target or None,
        "percent": drbd.synced_percent,
        "left_bytes": drbd.out_of_sync_kib << 10,
        "remaining": drbd.remaining or None,
        "bytes_per_second": drbd.kib_per_second << 10,
    }
    return {
        "connection": drbd.connection,
        "split_brain": mirror.is_split,
        "here": {"node": mirror.here or None, "role": drbd.role, "disk": drbd.disk},
        "there": {"node": mirror.there or None, "role": drbd.peer_role, "disk": drbd.peer_disk},
        "out_of_sync_bytes": drbd.out_of_sync_kib << 10,
        "resync": resync if mirror.copies else None,
    }


def _maintenance(known: Maintenance | None) -> dict[str, str | None] | None:
    if known is None:
        return None
    return {"by": known.by, "since": known.since, "until": known.until or None}


def _rejoin(rejoin: Rejoin | None) -> dict[str, object] | None:
    if rejoin is None:
        return None
    return {
        "state": rejoin.state,
        "method": rejoin.method,
        "message": rejoin.message,
        "done_bytes": rejoin.done_bytes,
        "total_bytes": rejoin.total_bytes,
        "set_aside": list(rejoin.set_aside),
    }


def _reason(reason: Message) -> dict[str, str]:
    return {"code": reason.code, "message": render(reason, "en")}
