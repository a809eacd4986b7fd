"""Media servers that left the installation: nothing of the cluster stays on those that can be reached (C14)."""

from __future__ import annotations

from ipaddress import IPv4Address

from live_cluster.messages import message
from live_cluster.model.facts import ServerName
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import Edit, absent_step, edit_step, followed_by
from live_cluster.plan.server_steps import HOSTS, RULES
from live_cluster.plan.step import Impact, Replies, Step, command_check
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
    database = plan.profile.database
    ports = (str(database.port), *((SMB_PORT,) if plan.profile.samba else ()))
    local = " or ".join(f"sport = :{port}" for port in ports)
    remote = " or ".join(f"dst {address}" for address in gone)
    argv = ("ss", "-H", "-n", "-t", "state", "established", f"( {local} ) and ( {remote} )")
    listed = ", ".join(f"'{address}'" for address in gone)
    sql = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr IN ({listed});"
    ask = question(sql, database="postgres", port=database.port)

    def actions(_: Replies) -> tuple[Request, ...]:
        # Whether they are gone is what the check asks; a service that is just restarting has ended them itself.
        end = Command(argv=ask.argv, stdin=ask.stdin, changes_node=True, accepts=(0, 1, 2, 3))
        files = tuple(
            Command(
                argv=("smbcontrol", plan.profile.samba.unit, "kill-client-ip", str(address)),
                changes_node=True,
                accepts=(0, 1),
            )
            for address in gone
            if plan.profile.samba
        )
        return (end, *files)

    return Step(
        code="sessions-ended",
        node=plan.primary,
        title=message("step-sessions-ended", addresses=", ".join(str(one) for one in gone)),
        impact=Impact.NONE,
        actions=actions,
        check=command_check(Command(argv=argv), lambda result: result.ok and not result.text.strip()),
        deadline_s=_SESSIONS_DEADLINE_S,
    )
