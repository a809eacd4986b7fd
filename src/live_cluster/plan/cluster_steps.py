"""Corosync and Pacemaker: both heads as one cluster, from the first start on."""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.default_files import with_short_preview
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.service_steps import running
from live_cluster.plan.step import Check, Impact, Replies, Step, always, command_check
from live_cluster.plan.view_checks import view_check
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, RemoveFile, WriteFile
from live_cluster.render import cib
from live_cluster.render.corosync_conf import (
    CorosyncNode,
    QuorumDevice,
    consensus_ms,
    corosync_conf,
    is_ours,
    quorum_keys,
)

COROSYNC_CONF = "/etc/corosync/corosync.conf"
AUTHKEY = "/etc/corosync/authkey"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
# live_cluster_agent.tie_break
TIE_BREAK = "/usr/lib/live-cluster/tie-break"
UNITS = ("corosync.service", "pacemaker.service")

START_DEADLINE_S = 600.0


def membership_file(plan: Blueprint, node: str) -> Step:
    """Corosync's configuration on one head."""
    conf = WriteFile(path=COROSYNC_CONF, content=_corosync_text(plan).encode(), set_aside=plan.set_aside)
    return with_short_preview(file_step(node, conf, impact=Impact.RELOAD), conf, "corosync")


def membership_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Configuration and key of Corosync on one head; a first start begins with a small CIB of ours."""
    key = WriteFile(path=AUTHKEY, content=plan.secrets.authkey, mode=0o400, set_aside=plan.set_aside)
    files = (file_step(node, key), membership_file(plan, node))
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
    quorum = quorum_keys(_device(plan), token_ms=settings.token_ms)

    def holds(result: CommandResult) -> bool:
        values = _cmap(result.text)
        # What is gone from the file must be gone from Corosync, too: the vote of an arbiter, or two_node.
        found = {name: value for name, value in values.items() if name.startswith("quorum.")}
        return (
            result.ok and found == quorum and all(values.get(name) == value for name, value in wanted.items())
        )

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
        check=view_check(holds),
        deadline_s=START_DEADLINE_S,
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
        device=_device(plan),
    )


def _device(plan: Blueprint) -> QuorumDevice | None:
    if plan.arbiter is None:
        return None
    return QuorumDevice(host=plan.arbiter.address, tie_break=f"{TIE_BREAK} {plan.profile.resources.database}")


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


def _cmap(text: str) -> dict[str, str]:
    """Keys and values of corosync-cmapctl(8): `key (type) = value`."""
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {key.rpartition(" (")[0]: value for key, _, value in pairs}
