"""Fencing by watchdog: sbd on both heads, the disk between them, and the way back.

sbd runs only under Corosync: with the first start of the cluster it comes along. Later Corosync and Pacemaker have
to be started anew for it, on one head after the other, the standby's first; while they are down there, that head
runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from live_cluster.messages import message
from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.watchdog_facts import SbdState
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import Edit, edit_step
from live_cluster.plan.resource_steps import COPY_DEADLINE_S
from live_cluster.plan.step import Check, Impact, Replies, Stage, Step, always, command_check
from live_cluster.plan.view_checks import has_two_copies, runs, stopped_on_purpose, view_check
from live_cluster.plan.watchdog_times import times_of, watchdog_of
from live_cluster.probes.head import CIB
from live_cluster.probes.watchdog import (
    PROGRAM,
    SBD_REQUESTS,
    SETTINGS,
    UNIT,
    disk_requests,
    sbd_disk,
    sbd_state,
)
from live_cluster.remote.requests import Command, CommandResult, Request
from live_cluster.render.sbd import has_settings, sbd_settings, with_settings

_QDEVICE = "corosync-qdevice.service"
# Resources stop within their own time-outs first; sbd's start waits (SBD_DELAY_START), at most 59 s.
_RESTART_TIMEOUT_S = 900
_ARMED_DEADLINE_S = 120.0


def disk_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The first head writes sbd's header on the empty disk."""
    fencing = watchdog_of(plan)
    if fencing is None or not fencing.disk:
        return ()
    times = times_of(plan)
    create = Command(
        argv=(
            PROGRAM, "-d", fencing.disk,
            "-1", str(times.watchdog_s), "-4", str(times.confirmed_s), "create",
        ),
        timeout_s=60,
        changes_node=True,
    )  # fmt: skip

    def actions(replies: Replies) -> tuple[Request, ...]:
        # Looked at once more right before: nothing else is ever overwritten.
        return (create,) if sbd_disk(replies).blank else ()

    return (
        Step(
            code="watchdog-disk",
            node=plan.head_names[0],
            title=message("step-watchdog-disk", disk=fencing.disk),
            impact=Impact.NONE,
            actions=actions,
            check=_disk_check(fencing.disk),
        ),
    )


def prepared_steps(plan: Blueprint, node: str) -> Iterator[Step]:
    """On a head whose Corosync has not been started yet: sbd will come along. The disk is the other head's, too."""
    fencing = watchdog_of(plan)
    if fencing is None:
        return
    if fencing.disk and node != plan.head_names[0]:
        yield Step(
            code="watchdog-disk-seen",
            node=node,
            title=message("step-watchdog-disk-seen", disk=fencing.disk),
            impact=Impact.NONE,
            actions=always(),
            check=_disk_check(fencing.disk),
        )
    if not plan.joins(node):
        return
    yield _settings_step(plan, node, _block(plan))
    yield _enabled_step(node)


def armed_steps(plan: Blueprint) -> tuple[Step, ...]:
    """sbd runs on the heads that were started for the first time."""
    return tuple(_armed_step(node) for node in plan.head_names if watchdog_of(plan) and plan.joins(node))


def restart_stages(plan: Blueprint) -> tuple[Stage, ...]:
    """One head after the other, the primary's last, each awaited; fencing rests meanwhile."""
    changed = [node for node in _standby_first(plan) if _has_to_change(plan, node)]
    if not changed:
        return ()
    pause = Stage(title=message("stage-watchdog-rests"), steps=(_pause_step(plan),))
    stages = tuple(
        Stage(
            title=message("stage-watchdog", node=node),
            steps=(_restart_step(plan, node), _whole_step(plan, node)),
        )
        for node in changed
    )
    return (pause, *stages)


def pause_checks(plan: Blueprint) -> tuple[Check, ...]:
    """For the step that sets the CIB: it has to follow where fencing rests now."""
    return (_pause_step(plan).check,) if restart_stages(plan) else ()


def _standby_first(plan: Blueprint) -> list[str]:
    return sorted(plan.head_names, key=lambda name: name == plan.primary)


def _block(plan: Blueprint) -> str:
    fencing = watchdog_of(plan)
    return sbd_settings(fencing.device, fencing.disk, times_of(plan)) if fencing else ""


def _has_to_change(plan: Blueprint, node: str) -> bool:
    facts = plan.facts.heads[plan.head_names.index(node)].watchdog
    if facts is None or plan.joins(node):
        return False
    return not _in_force(facts.sbd, _block(plan))


def _in_force(seen: SbdState, block: str) -> bool:
    """For an empty block: nothing of ours is left."""
    if not block:
        return not has_settings(seen.settings)
    is_written = with_settings(seen.settings, block) == seen.settings
    return is_written and seen.active and seen.enabled and seen.since >= seen.written


def _settings_step(plan: Blueprint, node: str, block: str) -> Step:
    edit = Edit(path=SETTINGS.path, change=lambda text: with_settings(text, block), set_aside=plan.set_aside)
    return edit_step(node, edit)


def _enabled_step(node: str) -> Step:
    question = Command(argv=("systemctl", "is-enabled", "--", UNIT))
    return Step(
        code="watchdog-enabled",
        node=node,
        title=message("step-watchdog-enabled"),
        impact=Impact.NONE,
        actions=always(_enable()),
        check=command_check(question, lambda reply: reply.text.strip() == "enabled"),
    )


def _enable() -> Command:
    return Command(argv=("systemctl", "enable", "--", UNIT), timeout_s=120, changes_node=True)


def _armed_step(node: str) -> Step:
    return Step(
        code="watchdog-armed",
        node=node,
        title=message("step-watchdog-armed"),
        impact=Impact.NONE,
        actions=always(),
        check=Check(requests=SBD_REQUESTS, holds=lambda replies: sbd_state(*replies).active),
        deadline_s=_ARMED_DEADLINE_S,
    )


def _disk_check(disk: str) -> Check:
    return Check(requests=disk_requests(disk), holds=lambda replies: bool(sbd_disk(replies).uuid))


def _pause_step(plan: Blueprint) -> Step:
    """No other head's reset is counted on while sbd is not what the CIB says it is."""

    def rests(reply: CommandResult) -> bool:
        found = dict(
            re.findall(r'name="(stonith-enabled|stonith-watchdog-timeout)" value="([^"]*)"', reply.text)
        )
        is_off = found.get("stonith-enabled") == "false"
        return reply.ok and is_off and found.get("stonith-watchdog-timeout", "0") in ("0", "0s")

    def setting(name: str, value: str) -> Command:
        argv = ("crm_attribute", "--type", "crm_config", "--name", name, "--update", value)
        return Command(argv=argv, timeout_s=60, changes_node=True)

    return Step(
        code="watchdog-rests",
        node=plan.head_names[0],
        title=message("step-watchdog-rests"),
        impact=Impact.NONE,
        actions=always(setting("stonith-enabled", "false"), setting("stonith-watchdog-timeout", "0")),
        check=command_check(CIB, rests),
        deadline_s=30,
    )


def _restart_step(plan: Blueprint, node: str) -> Step:
    """Pacemaker first, which moves away what runs here. The settings go last where they go: they are the sign."""
    block = _block(plan)
    settings = _settings_step(plan, node, block)

    def actions(replies: Replies) -> tuple[Request, ...]:
        write = () if settings.check.holds(replies[:1]) else settings.actions(replies[:1])
        if block:
            return (*write, _enable(), *_start_anew(plan))
        disable = Command(argv=("systemctl", "disable", "--", UNIT), timeout_s=120, changes_node=True)
        return (disable, *_start_anew(plan), *write)

    return Step(
        code="watchdog-restart",
        node=node,
        title=message("step-watchdog-on" if block else "step-watchdog-off"),
        impact=Impact.FAILOVER if node == plan.primary else Impact.RESTART,
        actions=actions,
        check=Check(requests=SBD_REQUESTS, holds=lambda replies: _in_force(sbd_state(*replies), block)),
        deadline_s=_ARMED_DEADLINE_S,
    )


def _start_anew(plan: Blueprint) -> tuple[Command, ...]:
    def unit(verb: str, *names: str) -> Command:
        return Command(
            argv=("systemctl", verb, "--", *names), timeout_s=_RESTART_TIMEOUT_S, changes_node=True
        )

    voter = (_QDEVICE,) if plan.arbiter else ()
    # Stopped and started, not restarted: a restart of Corosync brings back an sbd that is disabled already, for it
    # is a part of Corosync (systemd.unit(5), PartOf; seen).
    return (
        unit("stop", "pacemaker.service"),
        unit("stop", "corosync.service"),
        unit("start", "corosync.service"),
        unit("start", *voter, "pacemaker.service"),
    )


def _whole_step(plan: Blueprint, node: str) -> Step:
    """The head is back and its database has everything: the other one may go now."""
    names = plan.profile.resources

    def holds(view: ClusterView) -> bool:
        if stopped_on_purpose(view):
            return True
        if any(node.standby or node.maintenance for node in view.nodes):
            return all(node.online for node in view.nodes)
        running = [one for group in view.sets if group.id == names.database_clone for one in group.instances]
        online = [node for node in view.nodes if node.online]
        return has_two_copies(online, names.database) and sum(map(runs, running)) == len(plan.head_names)

    return Step(
        code="watchdog-whole",
        node=node,
        title=message("step-watchdog-whole"),
        impact=Impact.NONE,
        actions=always(),
        check=view_check(holds),
        deadline_s=COPY_DEADLINE_S,
        foreseen=True,
    )
