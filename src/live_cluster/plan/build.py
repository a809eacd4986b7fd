"""All steps that make up the described cluster, in their one fixed order; the plan leaves out what is done."""

from __future__ import annotations

from dataclasses import replace

from live_cluster.messages import message
from live_cluster.model.facts import Role
from live_cluster.plan import (
    arbiter_steps,
    cib_steps,
    cluster_steps,
    database_steps,
    drbd_farewell,
    drbd_steps,
    fencing_steps,
    format_steps,
    former_steps,
    head_steps,
    move_steps,
    resource_steps,
    share_steps,
    storage_steps,
    watchdog_steps,
)
from live_cluster.plan.application_steps import application_steps
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.server_steps import server_steps
from live_cluster.plan.step import Stage, Step
from live_cluster.plan.watchdog_times import watchdog_of
from live_cluster.remote.requests import WriteFile

SETTINGS_FILE = "/etc/live-cluster/cluster.toml"
SECRETS_FILE = "/etc/live-cluster/secrets.toml"
PROFILE_FILE = "/etc/live-cluster/profile.toml"


def stages(plan: Blueprint) -> tuple[Stage, ...]:
    """Barriers stand where one server's work needs another's: before the first start, and before the CIB."""
    after_start = () if plan.forming else (cluster_steps.reload_step(plan),)
    configuration = _configuration(plan)
    # All runs now, and has to run again after a change that restarts something.
    complete = replace(resource_steps.resources_step(plan), follows=(configuration.check,))
    return (
        Stage(title=message("stage-fencing"), steps=fencing_steps.answer_steps(plan)),
        Stage(title=message("stage-prepare"), steps=_prepare(plan)),
        Stage(title=message("stage-format"), steps=format_steps.format_steps(plan)),
        Stage(title=message("stage-arbiter-left"), steps=arbiter_steps.farewell_steps(plan)),
        *drbd_steps.drbd_stages(plan),
        Stage(title=message("stage-hand-over"), steps=_hand_over(plan)),
        Stage(title=message("stage-start"), steps=cluster_steps.start_steps(plan)),
        Stage(
            title=message("stage-members"),
            steps=(*after_start, cluster_steps.members_step(plan), *watchdog_steps.armed_steps(plan)),
        ),
        Stage(title=message("stage-arbiter"), steps=arbiter_steps.vote_steps(plan)),
        *watchdog_steps.restart_stages(plan),
        Stage(title=message("stage-move-prepare"), steps=move_steps.left_over_steps(plan)),
        Stage(title=message("stage-move"), steps=move_steps.move_steps(plan)),
        Stage(title=message("stage-move-hand-over"), steps=move_steps.hand_over_steps(plan)),
        Stage(title=message("stage-resources"), steps=(configuration,)),
        Stage(title=message("stage-database"), steps=(resource_steps.primary_step(plan),)),
        Stage(title=message("stage-replication"), steps=(database_steps.replication_role(plan),)),
        Stage(title=message("stage-complete"), steps=(complete,)),
        Stage(title=message("stage-application"), steps=application_steps(plan)),
        Stage(
            title=message("stage-storage"),
            steps=(
                *storage_steps.storage_owner_steps(plan),
                *move_steps.after_move_steps(plan),
                *head_steps.samba_steps_after_move(plan),
                resource_steps.standby_step(plan),
            ),
        ),
        Stage(
            title=message("stage-settings"),
            steps=(
                *fencing_steps.removal_steps(plan),
                *share_steps.former_login_steps(plan),
                *_stored(plan),
            ),
        ),
        *drbd_farewell.farewell_stages(plan),
        # Last: everything else is done, whatever state those are in.
        Stage(title=message("stage-former"), steps=former_steps.former_steps(plan)),
    )


def _prepare(plan: Blueprint) -> tuple[Step, ...]:
    return (
        arbiter_steps.arbiter_steps(plan)
        + watchdog_steps.disk_steps(plan)
        + tuple(
            step
            for server in plan.servers
            if server.name not in plan.absent
            for step in (
                *server_steps(plan, server),
                *(_prepare_head(plan, server.name) if server.role is Role.HEAD else ()),
            )
        )
    )


def _hand_over(plan: Blueprint) -> tuple[Step, ...]:
    return tuple(
        step
        for node in plan.head_names
        for step in (
            *head_steps.hand_over_steps(plan, node),
            *database_steps.database_hand_over(plan, node),
            *watchdog_steps.prepared_steps(plan, node),
            *cluster_steps.membership_steps(plan, node),
        )
    )


def _configuration(plan: Blueprint) -> Step:
    """Where it fails in the middle of a move, nothing is kept stopped by that."""
    return replace(
        cib_steps.cib_step(plan),
        follows=watchdog_steps.pause_checks(plan),
        undo=move_steps.end_of_pause(plan),
    )


def _watchdog_stages(plan: Blueprint) -> tuple[Stage, ...]:
    """sbd's time-outs follow from Corosync's, too, and the CIB knows them."""
    if watchdog_of(plan) is None:
        return ()
    resources = Stage(title=message("stage-resources"), steps=(_configuration(plan),))
    return (*watchdog_steps.restart_stages(plan), resources)


def timeout_stages(plan: Blueprint) -> tuple[Stage, ...]:
    """Only what `timeouts` is about: Corosync's file on both heads, the running Corosync, the kept settings."""
    files = tuple(cluster_steps.membership_file(plan, node) for node in plan.head_names)
    return (
        Stage(title=message("stage-prepare"), steps=files),
        Stage(title=message("stage-members"), steps=(cluster_steps.reload_step(plan),)),
        # Its time-outs follow from Corosync's.
        Stage(title=message("stage-arbiter"), steps=arbiter_steps.vote_steps(plan)),
        *_watchdog_stages(plan),
        Stage(title=message("stage-settings"), steps=tuple(_stored(plan))),
    )


def _prepare_head(plan: Blueprint, node: str) -> tuple[Step, ...]:
    return (
        *database_steps.database_steps(plan, node),
        *head_steps.head_steps(plan, node),
        *drbd_steps.drbd_files(plan, node),
        *share_steps.login_steps(plan, node),
        *arbiter_steps.head_certificate_steps(plan, node),
    )


def _stored(plan: Blueprint) -> list[Step]:
    """Written last: what stands there is what the servers really are (design: state on the servers)."""
    steps = []
    profile = ((PROFILE_FILE, plan.profile_toml, 0o644),) if plan.profile_toml else ()
    for node in plan.head_names:
        for path, text, mode in (
            *profile,
            (SECRETS_FILE, plan.secrets_toml, 0o600),
            (SETTINGS_FILE, plan.cluster_toml, 0o644),
        ):
            steps.append(file_step(node, WriteFile(path=path, content=text.encode(), mode=mode)))
    return steps
