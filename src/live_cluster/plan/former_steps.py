"""Media servers that left the installation: nothing of the cluster stays on those that can be reached (C14)."""

from __future__ import annotations

from ipaddress import IPv4Address

from live_cluster.messages import message
from live_cluster.model.facts import ServerName
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import Edit, absent_step, edit_step, followed_by
from live_cluster.plan.server_steps import HOSTS, RULES
from live_cluster.plan.step import Check, Impact, Replies, Step, command_check
from live_cluster.probes.head import question
from live_cluster.remote.requests import Command, CommandResult, Request
from live_cluster.render.firewall import COMMENT, SMB_PORT
from live_cluster.render.hosts import hosts_file_of_former

_SESSIONS_DEADLINE_S = 30.0


def former_steps(plan: Blueprint) -> tuple[Step, ...]:
    """The former servers' own hosts file and firewall, and what they still have open at the head that serves."""
    gone = plan.settings.removed_media
    cleaned = (step for server in plan.former for step in (_hosts(plan, server), *_firewall(plan, server)))
    return (*((_sessions_ended(plan, gone),) if gone else ()), *cleaned)


def _hosts(plan: Blueprint, server: ServerName) -> Step:
    def change(present: str) -> str:
        return hosts_file_of_former(present, server.address)

    return edit_step(server.name, Edit(path=HOSTS, change=change, set_aside=plan.set_aside))


def _firewall(plan: Blueprint, server: ServerName) -> tuple[Step, ...]:
    firewall = plan.profile.firewall
    if firewall is None:
        return ()

    def none_in_force(result: CommandResult) -> bool:
        return not result.ok or f"--comment {COMMENT} " not in result.text

    step = absent_step(server.name, firewall.fragment, set_aside=plan.set_aside)
    restart = Command(argv=("systemctl", "restart", firewall.service), changes_node=True)
    return (followed_by(step, command_check(RULES, none_in_force), restart, impact=Impact.NONE),)


def _sessions_ended(plan: Blueprint, gone: tuple[IPv4Address, ...]) -> Step:
    """The firewall and PostgreSQL judge a connection only when it is opened."""
    database, samba = plan.profile.database, plan.profile.samba
    listed = ", ".join(f"'{address}'" for address in gone)
    theirs = f"FROM pg_stat_activity WHERE client_addr IN ({listed});"
    count = question(f"SELECT count(*) {theirs}", database="postgres", port=database.port)
    end = question(f"SELECT pg_terminate_backend(pid) {theirs}", database="postgres", port=database.port)
    filter_ = f"( sport = :{SMB_PORT} ) and ( {' or '.join(f'dst {address}' for address in gone)} )"
    shared = Command(argv=("ss", "-H", "-n", "-t", "state", "established", filter_))

    def holds(replies: Replies) -> bool:
        # A database that does not answer has nobody connected; a connection that never logged in is not counted.
        return all(
            isinstance(one, CommandResult) and (not one.ok or one.text.strip() in ("", "0"))
            for one in replies
        )

    def actions(_: Replies) -> tuple[Request, ...]:
        # Whether they are gone is what the check asks; a service that is just restarting has ended them itself.
        in_database = Command(argv=end.argv, stdin=end.stdin, changes_node=True, accepts=(0, 1, 2, 3))
        in_files = tuple(
            Command(
                argv=("smbcontrol", "smbd", "kill-client-ip", str(address)), changes_node=True, accepts=(0, 1)
            )
            for address in gone
            if samba
        )
        return (in_database, *in_files)

    return Step(
        code="sessions-ended",
        node=plan.primary,
        title=message("step-sessions-ended", addresses=", ".join(str(one) for one in gone)),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=(count, *((shared,) if samba else ())), holds=holds),
        deadline_s=_SESSIONS_DEADLINE_S,
    )
