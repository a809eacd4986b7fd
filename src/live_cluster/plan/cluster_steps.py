"""Corosync and Pacemaker: membership, the first start, the CIB, and waiting until all of it runs."""

from __future__ import annotations

from collections.abc import Callable

from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.database_steps import REJOIN_PROGRESS, agent_parameters
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.service_steps import running
from live_cluster.plan.step import Check, Impact, Replies, Step, always, command_check
from live_cluster.probes.head import CIB, VIEW
from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    RemoveFile,
    Reply,
    Request,
    WriteFile,
)
from live_cluster.render import cib, cib_difference
from live_cluster.render.cib_elements import Element
from live_cluster.render.corosync_conf import CorosyncNode, consensus_ms, corosync_conf, is_ours

COROSYNC_CONF = "/etc/corosync/corosync.conf"
AUTHKEY = "/etc/corosync/authkey"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
OLD_CIB = "/run/live-cluster/cib-old.xml"
NEW_CIB = "/run/live-cluster/cib-new.xml"
RUNNING_TOTEM = Command(argv=("corosync-cmapctl", "-m", "map"))
UNITS = ("corosync.service", "pacemaker.service")

# A base backup of a large database takes hours; progress is shown meanwhile.
COPY_DEADLINE_S = 6 * 3600.0
START_DEADLINE_S = 600.0


def membership_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Configuration and key of Corosync on one head; a first start begins with a small CIB of ours."""
    conf = WriteFile(path=COROSYNC_CONF, content=_corosync_text(plan).encode(), set_aside=plan.set_aside)
    key = WriteFile(path=AUTHKEY, content=plan.secrets.authkey, mode=0o400, set_aside=plan.set_aside)
    files = (file_step(node, key), file_step(node, conf, impact=Impact.RELOAD))
    if not plan.joins(node):
        return files
    # The configuration comes last: it is the sign that this head has joined.
    return (_leave_default_cluster(node), files[0], _first_cib(plan, node), files[1])


def reload_step(plan: Blueprint) -> Step:
    """Corosync takes the new file up on both heads, without a restart (corosync-cfgtool(8), -R)."""
    settings = plan.settings
    wanted = {
        "runtime.config.totem.token": str(settings.token_ms),
        "runtime.config.totem.consensus": str(consensus_ms(settings.token_ms)),
        "runtime.config.totem.token_retransmits_before_loss_const": str(settings.token_retransmits),
    }
    for index, node in enumerate(_corosync_nodes(plan)):
        for link, address in enumerate(node.links):
            wanted[f"nodelist.node.{index}.ring{link}_addr"] = str(address)

    def holds(result: CommandResult) -> bool:
        values = _cmap(result.text)
        return result.ok and all(values.get(name) == value for name, value in wanted.items())

    return Step(
        code="corosync-reload",
        node=plan.head_names[0],
        title=message("step-corosync-reload"),
        impact=Impact.RELOAD,
        actions=always(Command(argv=("corosync-cfgtool", "-R"), changes_node=True)),
        check=command_check(Command(argv=("corosync-cmapctl",)), holds),
        deadline_s=60,
    )


def start_steps(plan: Blueprint) -> tuple[Step, ...]:
    """Corosync and Pacemaker run on both heads, now and after a reboot (C2)."""
    return tuple(running(node, UNITS, foreseen=plan.joins(node)) for node in plan.head_names)


def members_step(plan: Blueprint) -> Step:
    """Both heads are online in one partition with quorum."""

    def holds(view: ClusterView) -> bool:
        online = {node.name for node in view.nodes if node.online}
        return view.with_quorum and set(plan.head_names) <= online

    return Step(
        code="members-online",
        node=plan.head_names[0],
        title=message("step-members-online"),
        impact=Impact.NONE,
        actions=always(),
        check=_view_check(holds),
        deadline_s=START_DEADLINE_S,
    )


def cib_step(plan: Blueprint) -> Step:
    """The CIB holds everything of ours as wanted; the change is one patch."""
    wanted = cib.configuration(_cib_plan(plan))

    def complete(running_cib: bytes) -> Element:
        names = plan.profile.resources
        if f'id="{names.database_clone}"'.encode() in running_cib:
            return wanted
        # Together with the resources, so that no moment exists in which the agent does not know whose data counts.
        first, second = plan.head_names
        return cib_difference.with_node_attributes(
            wanted, running_cib, f"{names.database}-data", {first: "latest", second: "stale"}
        )

    def holds(replies: Replies) -> bool:
        reply = replies[0]
        return (
            isinstance(reply, CommandResult) and reply.ok and not cib_difference.differs(reply.stdout, wanted)
        )

    def actions(replies: Replies) -> tuple[Request, ...]:
        present = _stdout(replies[0])
        new = cib_difference.merged(present, complete(present))
        return (
            WriteFile(path=OLD_CIB, content=cib_difference.normalised(present), mode=0o600),
            WriteFile(path=NEW_CIB, content=new, mode=0o600),
            Command(argv=("crm_verify", "--xml-file", NEW_CIB)),
            # Exit code 1 says that they differ. Without versions: the status section's change all the time. What
            # somebody else changes meanwhile stays, for the patch names the elements it is about.
            Command(argv=("crm_diff", "--no-version", "--original", OLD_CIB, "--new", NEW_CIB), accepts=(1,)),
            Command(argv=("cibadmin", "--patch", "--xml-pipe"), input_from_previous=True, changes_node=True),
            RemoveFile(path=OLD_CIB),
            RemoveFile(path=NEW_CIB),
        )

    def describe(replies: Replies) -> str:
        reply = replies[0]
        if not isinstance(reply, CommandResult) or not reply.ok:
            return ""
        return cib_difference.preview(reply.stdout, complete(reply.stdout))

    return Step(
        code="cib",
        node=plan.head_names[0],
        title=message("step-cib"),
        impact=Impact.NONE if plan.forming else Impact.RESTART,
        actions=actions,
        check=Check(requests=(CIB,), holds=holds),
        describe=describe,
    )


def primary_step(plan: Blueprint) -> Step:
    """A primary has been promoted."""
    return Step(
        code="database-promoted",
        node=plan.head_names[0],
        title=message("step-database-promoted"),
        impact=Impact.NONE,
        actions=always(),
        check=_view_check(lambda view: bool(view.primary)),
        deadline_s=START_DEADLINE_S,
    )


def resources_step(plan: Blueprint) -> Step:
    """Every resource instance runs; recorded failures of earlier days do not keep one from starting."""
    names = set(plan.head_names)

    def holds(view: ClusterView) -> bool:
        if view.stop_all_resources or view.maintenance_mode:
            # The administrator's own decision; `status` and the final summary say so.
            return True
        available = sum(1 for node in view.nodes if node.name in names and node.available)
        for group, instance in view.instances():
            if group.is_clone:
                continue
            if not (instance.active and instance.nodes) or instance.failed:
                return False
        clones = [one for one in view.sets if one.is_clone]
        active = all(sum(1 for i in one.instances if i.active and i.nodes) >= available for one in clones)
        return active and bool(view.primary)

    return Step(
        code="resources-running",
        node=plan.head_names[0],
        title=message("step-resources-running"),
        impact=Impact.NONE,
        actions=always(Command(argv=("crm_resource", "--cleanup"), timeout_s=120, changes_node=True)),
        check=_view_check(holds),
        deadline_s=START_DEADLINE_S,
        foreseen=plan.forming,
    )


def standby_step(plan: Blueprint) -> Step:
    """The standby has everything that the primary has acknowledged, and commits wait for it from now on."""
    attribute = f"{plan.profile.resources.database}-data"

    def holds(view: ClusterView) -> bool:
        if view.stop_all_resources or view.maintenance_mode:
            return True
        values = {node.attributes.get(attribute) for node in view.nodes}
        return {"latest", "sync"} <= values

    standby = next(name for name in plan.head_names if name != plan.primary)
    return Step(
        code="standby-synchronous",
        node=standby,
        title=message("step-standby-synchronous"),
        impact=Impact.NONE,
        actions=always(),
        check=_view_check(holds),
        deadline_s=COPY_DEADLINE_S,
        watches=REJOIN_PROGRESS,
        foreseen=plan.forming,
    )


def _corosync_nodes(plan: Blueprint) -> tuple[CorosyncNode, ...]:
    return tuple(
        CorosyncNode(
            name=name,
            number=head.number,
            links=(head.address, head.secondary) if head.secondary else (head.address,),
        )
        for name, head in zip(plan.head_names, plan.settings.heads, strict=True)
    )


def _corosync_text(plan: Blueprint) -> str:
    return corosync_conf(
        _corosync_nodes(plan),
        token_ms=plan.settings.token_ms,
        token_retransmits=plan.settings.token_retransmits,
    )


def _leave_default_cluster(node: str) -> Step:
    """Debian's corosync package starts a cluster of one host named `debian`."""

    def holds(replies: Replies) -> bool:
        conf, state = replies
        assert isinstance(conf, FileState)
        assert isinstance(state, CommandResult)
        return is_ours(conf.text) or "active" not in state.text.split()

    return Step(
        code="default-cluster-stopped",
        node=node,
        title=message("step-default-cluster-stopped"),
        impact=Impact.NONE,
        actions=always(
            Command(argv=("systemctl", "stop", *reversed(UNITS)), timeout_s=300, changes_node=True)
        ),
        check=Check(
            requests=(
                ReadFile(path=COROSYNC_CONF),
                Command(argv=("systemctl", "is-active", *UNITS)),
            ),
            holds=holds,
        ),
    )


def _first_cib(plan: Blueprint, node: str) -> Step:
    wanted = WriteFile(
        path=CIB_FILE,
        content=cib.first_cib(),
        mode=0o600,
        owner="hacluster",
        group="haclient",
        set_aside=plan.set_aside,
    )

    def holds(replies: Replies) -> bool:
        state = replies[0]
        # Once Pacemaker has started from it, the file is Pacemaker's own.
        return isinstance(state, FileState) and b'id="live-cluster-' in state.content

    return Step(
        code="first-cib",
        node=node,
        title=message("step-first-cib"),
        impact=Impact.NONE,
        # A signature of the previous file would make Pacemaker refuse the new one.
        actions=always(RemoveFile(path=f"{CIB_FILE}.sig", set_aside=plan.set_aside), wanted),
        check=Check(requests=(ReadFile(path=CIB_FILE),), holds=holds),
    )


def _cib_plan(plan: Blueprint) -> cib.CibPlan:
    settings, profile = plan.settings, plan.profile
    gateway = plan.heads[0].gateway
    others = tuple(server.address for server in plan.servers if server.name not in plan.head_names)
    return cib.CibPlan(
        names=profile.resources,
        database_ip=plan.floating(settings.database_ip),
        filestorage_ip=plan.floating(settings.filestorage_ip),
        public_ip=plan.floating(settings.public_ip),
        device=plan.device,
        mount_point=profile.filestorage.mount_point,
        samba_unit=profile.samba.unit,
        services=tuple(
            cib.Service(resource=one.resource, unit=one.unit) for one in profile.clustered_services
        ),
        database_parameters=agent_parameters(plan),
        # Without a gateway the media servers stand for the client network, without these the heads themselves.
        ping_targets=(gateway,) if gateway else others or tuple(head.address for head in settings.heads),
    )


def _view_check(holds: Callable[[ClusterView], bool]) -> Check:

    def accept(replies: Replies) -> bool:
        view = _view(replies[0])
        return view is not None and holds(view)

    return Check(requests=(VIEW,), holds=accept, missing=_missing)


def _missing(replies: Replies) -> str:
    """What a view lacks, in crm_mon's words."""
    view = _view(replies[0]) if replies else None
    if view is None:
        return "Pacemaker does not answer"
    offline = [f"{node.name} OFFLINE" for node in view.nodes if not node.online]
    stopped = [
        f"{instance.id} {instance.role.value}" + (" (failed)" if instance.failed else "")
        for _, instance in view.instances()
        if instance.failed or not (instance.active and instance.nodes)
    ]
    failures = [
        f"{one.resource} {one.task} on {one.node}: {one.exit_reason or one.exit_status}"
        for one in view.failures
    ]
    return "; ".join((*offline, *stopped, *failures)) or "everything runs, but the data is not yet the same"


def _view(reply: Reply) -> ClusterView | None:
    try:
        return parse_crm_mon(_stdout(reply))
    except NoClusterView:
        return None


def _stdout(reply: Reply) -> bytes:
    return reply.stdout if isinstance(reply, CommandResult) else b""


def _cmap(text: str) -> dict[str, str]:
    """Keys and values of corosync-cmapctl(8): `key (type) = value`."""
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {key.rpartition(" (")[0]: value for key, _, value in pairs}
