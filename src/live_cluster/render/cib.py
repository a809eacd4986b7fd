"""The CIB's configuration section for the article's resource tree (C4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from lxml import etree

from live_cluster.model.health import LEAST_FREE_MB
from live_cluster.model.profile import Resources
from live_cluster.render.cib_alerts import alerts
from live_cluster.render.cib_constraints import Placed, constraints
from live_cluster.render.cib_elements import (
    Element,
    Operation,
    Primitive,
    attributes,
    clone,
    element,
    group,
    primitive,
)
from live_cluster.render.cib_fencing import Device, primitive_of, properties
from live_cluster.render.cib_parts import FloatingAddress, Service, floating_address, service_unit
from live_cluster.render.cib_storage import SharedFiles, storage

# Pacemaker waits this long at start for a peer that is already in charge; its default of 20 s is most of the
# 28 s that a cold start takes (measured; 7 s with 5 s). The heads of a pair answer each other within a second, and
# Corosync's membership is there before Pacemaker starts.
DC_DEADTIME = "2s"

_PROPERTIES = {
    "no-quorum-policy": "stop",
    "dc-deadtime": DC_DEADTIME,
    "cluster-recheck-interval": "60s",
    "start-failure-is-fatal": "false",
    # On a busy server the throttle lets one action run at a time: at a load of 37 on two processors and at 800%,
    # the promotion began 6 s after the membership. A takeover is the last thing that should wait.
    "load-threshold": "10000%",
    "node-action-limit": "16",
    # A new coordinator asks for the configuration while its own changes to it are under way. If they are when the
    # answer comes, it sleeps for a whole second and asks again (controld_schedulerd.c; seen in most takeovers
    # from a coordinator). Asked this much later they are done: that took 5 ms, and 80 ms at a load of 35.
    "transition-delay": "50ms",
}
_RESOURCE_DEFAULTS = {
    # No stickiness: the database's own scores (1000 and 100) keep the primary where it is, and everything else
    # follows it. What follows would pull it back otherwise: with 200 for each resource, a move during which one
    # service stopped slowly turned round half-way, as soon as the former primary was a standby again (seen: 12 100
    # against 11 400).
    "migration-threshold": "3",
    # A failure older than this counts no more, so that a head is whole again without anybody's help. What fails
    # again within that time still adds up: the clock runs from the last failure.
    "failure-timeout": "60s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CibPlan:
    """All that the resource tree depends on; `files` is None for a product without a file storage."""

    names: Resources
    database_ip: FloatingAddress
    public_ip: FloatingAddress
    files: SharedFiles | None
    services: tuple[Service, ...]
    database_parameters: Mapping[str, str]
    ping_targets: tuple[IPv4Address, ...]
    fencing: tuple[Device, ...] = ()
    has_arbiter: bool = False
    watchdog_s: int | None = None

    @property
    def is_fenced(self) -> bool:
        """A server that does not do its part is switched off, or resets itself."""
        return bool(self.fencing or self.watchdog_s)


def configuration(plan: CibPlan) -> Element:
    """<configuration> with everything that is ours; nodes are Pacemaker's own."""
    fencing = properties(
        has_devices=bool(plan.fencing), has_arbiter=plan.has_arbiter, watchdog_s=plan.watchdog_s
    )
    all_properties = _PROPERTIES | fencing
    return element(
        "configuration",
        element("crm_config", attributes("cluster_property_set", "live-cluster", all_properties)),
        element(
            "nodes",
        ),
        _resources(plan),
        constraints(_placed(plan)),
        element("rsc_defaults", attributes("meta_attributes", "live-cluster-rsc", _RESOURCE_DEFAULTS)),
        alerts(_systemd_services(plan)),
    )


def first_cib() -> bytes:
    """The CIB with which Pacemaker starts for the first time: only what makes that start quick."""
    quick = {"dc-deadtime": DC_DEADTIME, "stonith-enabled": "false"}
    cib = element(
        "cib",
        element(
            "configuration",
            element("crm_config", attributes("cluster_property_set", "live-cluster", quick)),
            element(
                "nodes",
            ),
            element(
                "resources",
            ),
            element(
                "constraints",
            ),
        ),
        element(
            "status",
        ),
        # Older than any Pacemaker of the supported releases: a newer set than its own makes it refuse the CIB.
        crm_feature_set="3.1.0",
        validate__with="pacemaker-3.9",
        epoch="1",
        num_updates="0",
        admin_epoch="0",
    )
    return etree.tostring(cib, pretty_print=True)


def _resources(plan: CibPlan) -> Element:
    names = plan.names
    application = (
        floating_address(names.application_address, plan.public_ip),
        *(service_unit(service, fenced=plan.is_fenced) for service in plan.services),
    )
    return element(
        "resources",
        group(names.database_group, (floating_address(names.database_address, plan.database_ip),)),
        *storage(names, plan.files, fenced=plan.is_fenced),
        group(names.application_group, application),
        clone(names.database_clone, _database(plan), _DATABASE_CLONE_META),
        clone(names.diskspace_clone, _disk_space(names.diskspace), {"interleave": "true"}),
        clone(names.monitor_clone, _connectivity(plan), {"interleave": "true"}),
        *(primitive(primitive_of(device)) for device in plan.fencing),
    )


def _systemd_services(plan: CibPlan) -> tuple[Service, ...]:
    """All that service_unit makes resources of."""
    return (*(() if plan.files is None else (plan.files.file_server,)), *plan.services)


def _placed(plan: CibPlan) -> Placed:
    return Placed(
        names=plan.names,
        services=plan.services,
        file_server=None if plan.files is None else plan.files.file_server,
        fencing=plan.fencing,
        has_files=plan.files is not None,
        has_drbd=plan.files is not None and bool(plan.files.drbd_resource),
        drbd_leaves=plan.files is not None and plan.files.drbd_leaves,
        has_nas=plan.files is not None and plan.files.mount.is_network,
    )


_DATABASE_CLONE_META = {
    "promotable": "true",
    "promoted-max": "1",
    "promoted-node-max": "1",
    "clone-max": "2",
    "clone-node-max": "1",
    "interleave": "true",
    # The agent needs no notifications; they would put two more stages between promotion and address.
    "notify": "false",
    # What a head is worth when the heads shoot at each other: the one with the primary counts for more.
    "priority": "1",
}


def _database(plan: CibPlan) -> Primitive:
    return Primitive(
        id=plan.names.database,
        agent="ocf:live-cluster:postgresql",
        parameters=plan.database_parameters,
        operations=(
            Operation(name="monitor", interval="3s", timeout="60s", role="Unpromoted"),
            Operation(name="monitor", interval="2s", timeout="60s", role="Promoted"),
            Operation(name="start", timeout="300s"),
            Operation(name="stop", timeout="120s"),
            Operation(name="promote", timeout="120s"),
            Operation(name="demote", timeout="180s"),
        ),
        # A killed server process is restarted in place; only the third time in a row it moves.
        meta={"migration-threshold": "3", "failure-timeout": "30s"},
    )


def _disk_space(identity: str) -> Primitive:
    return Primitive(
        id=identity,
        agent="ocf:pacemaker:SysInfo",
        parameters={"disks": "/ /var", "min_disk_free": f"{LEAST_FREE_MB}M", "disk_unit": "M"},
        operations=(
            # Each look changes attributes (load, free memory), and each change lets Pacemaker plan anew.
            Operation(name="monitor", interval="30s", timeout="60s"),
            Operation(name="start", timeout="60s"),
            Operation(name="stop", timeout="60s"),
        ),
    )


def _connectivity(plan: CibPlan) -> Primitive:
    return Primitive(
        id=plan.names.monitor,
        agent="ocf:pacemaker:ping",
        parameters={
            "host_list": " ".join(str(target) for target in plan.ping_targets),
            # More than everything that keeps the primary where it is, also where an administrator has given his
            # resources some stickiness: with 1000 it stayed at a head that no client could reach (seen).
            "multiplier": "10000",
            "dampen": "5s",
            "attempts": "3",
            "timeout": "2",
        },
        operations=(
            Operation(name="monitor", interval="5s", timeout="60s"),
            Operation(name="start", timeout="60s"),
            Operation(name="stop", timeout="60s"),
        ),
    )
