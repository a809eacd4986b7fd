"""What every server gets: its cluster name, all names in its hosts file, the firewall's fragment."""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.facts import Role, ServerName
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import Edit, edit_step, file_step, followed_by
from live_cluster.plan.mounts import drbd_ports
from live_cluster.plan.step import Check, Impact, Replies, Step, always, command_check
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, WriteFile
from live_cluster.render.firewall import COMMENT, Part, filter_fragment
from live_cluster.render.hosts import hosts_file
from live_cluster.render.ownership import BLOCK_BEGIN

HOSTS = "/etc/hosts"
HOSTNAME = "/etc/hostname"
RULES = Command(argv=("iptables", "--wait", "--list-rules", "INPUT"))


def server_steps(plan: Blueprint, server: ServerName) -> tuple[Step, ...]:
    """In this order: the name comes before the hosts file, whose block is the sign that it has been given."""
    if server.role is Role.ARBITER:
        # Whoever lends a server for the third vote keeps its name; the product's firewall may not be there.
        arbiter = plan.facts.arbiter
        return () if arbiter is None or arbiter.node.missing_units else firewall_steps(plan, server)
    return (_hostname(server), _hosts(plan, server), *firewall_steps(plan, server, ports_in_use(plan)))


def ports_in_use(plan: Blueprint) -> tuple[int, ...]:
    """DRBD's, also of one that the files are about to leave: until then it mirrors them."""
    former = plan.facts.former_mirror
    wanted = drbd_ports(plan.settings.filestorage, plan.facts)
    return tuple(dict.fromkeys((*wanted, *(former.ports if former is not None else ()))))


def _hostname(server: ServerName) -> Step:
    def holds(replies: Replies) -> bool:
        name, hosts = replies
        if not isinstance(name, FileState) or not isinstance(hosts, FileState):
            return False
        # Article, "Общие моменты", note 9: administrators may rename hosts afterwards; that is theirs to keep.
        return name.text.strip() == server.name or BLOCK_BEGIN in hosts.text

    return Step(
        code="hostname",
        node=server.name,
        title=message("step-hostname", name=server.name),
        impact=Impact.NONE,
        actions=always(
            Command(argv=("hostnamectl", "set-hostname", "--", server.name), changes_node=True),
        ),
        check=Check(requests=(ReadFile(path=HOSTNAME), ReadFile(path=HOSTS)), holds=holds),
    )


def _hosts(plan: Blueprint, server: ServerName) -> Step:
    def change(present: str) -> str:
        named = tuple(one for one in plan.servers if one.role is not Role.ARBITER)
        return hosts_file(present, named)

    return edit_step(server.name, Edit(path=HOSTS, change=change, set_aside=plan.set_aside))


def firewall_steps(plan: Blueprint, server: ServerName, ports: tuple[int, ...] = ()) -> tuple[Step, ...]:
    """`ports` are DRBD's, on heads.

    Nothing where the product brings no firewall: then all ports are the administrator's affair.
    """
    firewall = plan.profile.firewall
    if firewall is None:
        return ()
    heads = tuple(
        address for head in plan.settings.heads for address in (head.address, head.secondary) if address
    )
    text = filter_fragment(
        Part(
            is_head=server.role is Role.HEAD,
            is_arbiter=server == plan.arbiter,
            has_files=plan.profile.filestorage is not None,
            drbd_ports=ports,
        ),
        heads=heads,
        media=plan.settings.media_addresses,
        database_port=plan.profile.database.port,
    )
    rules = [line for line in text.splitlines() if line.startswith("-A ")]

    def in_force(result: CommandResult) -> bool:
        # A rule for a server that was removed must go, too, also where a run was killed before the restart.
        loaded = [line for line in result.text.splitlines() if f"--comment {COMMENT} " in line]
        return result.ok and set(loaded) == set(rules)

    wanted = WriteFile(path=firewall.fragment, content=text.encode(), set_aside=plan.set_aside)
    restart = Command(argv=("systemctl", "restart", firewall.service), changes_node=True)
    step = file_step(server.name, wanted)
    return (followed_by(step, command_check(RULES, in_force), restart, impact=Impact.RELOAD),)
