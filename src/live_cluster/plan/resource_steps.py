"""The cluster's resources: what the CIB is made of, and waiting until all that it describes runs."""

from __future__ import annotations

from enum import Enum

from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.settings import DrbdDisk
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.cluster_steps import START_DEADLINE_S
from live_cluster.plan.database_steps import REJOIN_PROGRESS, agent_parameters
from live_cluster.plan.failing_services import marks_forgotten, where_services_fail
from live_cluster.plan.fencing_steps import cib_devices
from live_cluster.plan.mounts import drbd_resource, mount_of
from live_cluster.plan.service_times import clustered
from live_cluster.plan.step import Check, Impact, Replies, Step, always
from live_cluster.plan.view_checks import (
    has_two_copies,
    missing_in_view,
    runs,
    stopped_on_purpose,
    view_check,
    view_of,
)
from live_cluster.plan.watchdog_times import confirmed_s
from live_cluster.probes.head import VIEW, question
from live_cluster.remote.requests import Command, CommandResult
from live_cluster.render import cib
from live_cluster.render.cib_drbd import WITH_FILES
from live_cluster.render.cib_storage import SharedFiles

# A base backup of a large database takes hours; progress is shown meanwhile.
COPY_DEADLINE_S = 6 * 3600.0


def primary_step(plan: Blueprint) -> Step:
    """A primary has been promoted, and takes writes.

    Pacemaker's word alone is not enough: on an overloaded virtual machine what was written next met a database that
    was still read-only.
    """
    ask = question("SHOW transaction_read_only;", database="postgres", port=plan.profile.database.port)

    def holds(replies: Replies) -> bool:
        view, answer = view_of(replies[0]), replies[1]
        if view is None or stopped_on_purpose(view):
            return view is not None
        return bool(view.primary) and isinstance(answer, CommandResult) and answer.text.strip() == "off"

    return Step(
        code="database-promoted",
        node=plan.primary,
        title=message("step-database-promoted"),
        impact=Impact.NONE,
        actions=always(),
        check=Check(requests=(VIEW, ask), holds=holds, missing=missing_in_view),
        deadline_s=START_DEADLINE_S,
    )


def resources_step(plan: Blueprint) -> Step:
    """Every resource instance runs; recorded failures of earlier days do not keep one from starting."""
    names = plan.profile.resources
    groups = {names.database_group, names.filestorage_group, names.application_group}
    clones = {names.database_clone, names.filestorage_drbd_clone, names.diskspace_clone, names.monitor_clone}
    devices = {device.id for device in cib_devices(plan)}

    def holds(view: ClusterView) -> bool:
        if stopped_on_purpose(view):
            return True
        places = sum(1 for node in view.nodes if node.name in plan.head_names and node.available)
        members = [one for group in view.sets if group.id in groups for one in group.instances]
        cloned = [group.instances for group in view.sets if group.id in clones]
        return (
            all(runs(one) and not one.failed for one in members)
            and devices <= {one.id for one in view.fencing_devices if runs(one) and not one.failed}
            and all(sum(map(runs, instances)) >= places for instances in cloned)
            and bool(view.primary)
        )

    cleanup = Command(argv=("crm_resource", "--cleanup"), timeout_s=120, changes_node=True)
    return Step(
        code="resources-running",
        node=plan.head_names[0],
        title=message("step-resources-running"),
        impact=Impact.NONE,
        actions=lambda replies: (*marks_forgotten(replies), cleanup),
        check=view_check(holds),
        gives_up=where_services_fail(),
        deadline_s=START_DEADLINE_S,
        foreseen=plan.forming,
    )


def standby_step(plan: Blueprint) -> Step:
    """The standby has everything that the primary has acknowledged, and commits wait for it from now on."""

    def holds(view: ClusterView) -> bool:
        if stopped_on_purpose(view) or any(node.standby or node.maintenance for node in view.nodes):
            return True
        return has_two_copies(view.nodes, plan.profile.resources.database)

    standby = next(name for name in plan.head_names if name != plan.primary)
    return Step(
        code="standby-synchronous",
        node=standby,
        title=message("step-standby-synchronous"),
        impact=Impact.NONE,
        actions=always(),
        check=view_check(holds),
        deadline_s=COPY_DEADLINE_S,
        watches=REJOIN_PROGRESS,
        foreseen=plan.forming,
    )


class Mirrored(Enum):
    """What the tree has of DRBD while the files move away from it.

    Taken out at once, it is demoted beside the file system's stop, not after it, and fails, for nothing is ordered
    any more (crm_simulate of Pacemaker 2.1.5). So the files leave first, then it stops, then it is taken out.
    """

    AS_WANTED = "as-wanted"
    KEPT = "kept"
    LEAVING = "leaving"


def mirrored_now(plan: Blueprint) -> Mirrored:
    """What the tree has after the first change of this run."""
    if plan.facts.former_mirror is None or isinstance(plan.settings.filestorage, DrbdDisk):
        # Another DRBD in its place has the same orders: it is all one change.
        return Mirrored.AS_WANTED
    has_orders = any(f'id="{WITH_FILES}"'.encode() in head.cib for head in plan.facts.heads)
    return Mirrored.KEPT if has_orders else Mirrored.LEAVING


def _shared_files(plan: Blueprint, mirrored: Mirrored) -> SharedFiles | None:
    profile, address = plan.profile, plan.settings.filestorage_ip
    if profile.filestorage is None or profile.samba is None:
        return None
    assert address is not None  # the rules want it for a product that has a file storage
    former = plan.facts.former_mirror
    resource = drbd_resource(plan.settings.filestorage, plan.facts)
    if former is not None and mirrored is not Mirrored.AS_WANTED:
        resource = former.resource
    return SharedFiles(
        address=plan.floating(address),
        mount=mount_of(plan),
        mount_point=profile.filestorage.mount_point,
        file_server=clustered(plan, profile.samba, profile.resources.filestorage_samba),
        drbd_resource=resource,
        drbd_leaves=mirrored is Mirrored.LEAVING,
    )


def cib_plan(plan: Blueprint, mirrored: Mirrored | None = None) -> cib.CibPlan:
    """All that the CIB is made of; by the first change, where nothing else is said."""
    settings, profile = plan.settings, plan.profile
    gateway = plan.heads[0].gateway
    others = tuple(server.address for server in plan.servers if server.name not in plan.head_names)
    return cib.CibPlan(
        names=profile.resources,
        database_ip=plan.floating(settings.database_ip),
        public_ip=plan.floating(settings.public_ip),
        files=_shared_files(plan, mirrored or mirrored_now(plan)),
        services=tuple(clustered(plan, one, one.resource) for one in profile.clustered_services),
        database_parameters=agent_parameters(plan),
        # Without a gateway the media servers stand for the client network, without these the heads themselves.
        ping_targets=(gateway,) if gateway else others or tuple(head.address for head in settings.heads),
        fencing=cib_devices(plan),
        has_arbiter=settings.arbiter is not None,
        watchdog_s=confirmed_s(plan),
    )
