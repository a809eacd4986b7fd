"""PostgreSQL on both heads: settings, access, the hand-over to the agent, the replication role."""

from __future__ import annotations

from dataclasses import dataclass, replace

from live_cluster.messages import message
from live_cluster.model.service_secrets import scram_matches, scram_verifier
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import Edit, absent_step, edit_step, file_step, followed_by
from live_cluster.plan.service_steps import is_active, unit_state
from live_cluster.plan.step import Check, Impact, Replies, Step, always, command_check, file_check
from live_cluster.plan.view_checks import stopped_on_purpose, view_of
from live_cluster.probes.head import DATABASE_CLUSTER, VIEW, question
from live_cluster.remote.requests import Command, CommandResult, FileState, Request, WriteFile
from live_cluster.render.ownership import with_block_first
from live_cluster.render.postgresql_conf import (
    PASSFILE,
    REPLICATION_USER,
    STATE_DIR,
    DatabaseAccess,
    client_access,
    replication_passfile,
    server_settings,
)

RECLONE = f"{STATE_DIR}/reclone"
REJOIN_PROGRESS = f"{STATE_DIR}/rejoin.json"
_LOAD_TIME = "SELECT extract(epoch FROM pg_conf_load_time());"
_GRANTS = f"""
GRANT pg_checkpoint, pg_monitor TO {REPLICATION_USER};
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean),
    pg_catalog.pg_stat_file(text, boolean), pg_catalog.pg_read_binary_file(text),
    pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO {REPLICATION_USER};
"""
_ROLE_QUESTION = (
    "SELECT rolpassword FROM pg_authid "
    f"WHERE rolname = '{REPLICATION_USER}' AND rolreplication AND rolcanlogin AND has_function_privilege("
    "rolname, 'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE');"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Debian's places of the cluster VERSION/main (pg_createcluster(1))."""

    version: str

    @property
    def configuration(self) -> str:
        """Folder of postgresql.conf."""
        return f"/etc/postgresql/{self.version}/{DATABASE_CLUSTER}"

    @property
    def data(self) -> str:
        """Data directory."""
        return f"/var/lib/postgresql/{self.version}/{DATABASE_CLUSTER}"

    @property
    def programs(self) -> str:
        """Folder of pg_ctl and its family."""
        return f"/usr/lib/postgresql/{self.version}/bin"

    @property
    def unit(self) -> str:
        """Debian's own unit, which the cluster takes the place of."""
        return f"postgresql@{self.version}-{DATABASE_CLUSTER}.service"

    @property
    def log(self) -> str:
        """Server log."""
        return f"/var/log/postgresql/postgresql-{self.version}-{DATABASE_CLUSTER}.log"


def database_steps(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Files of one head's PostgreSQL; read again where it runs."""
    places = Places(version=plan.database_version)
    settings = WriteFile(
        path=f"{places.configuration}/conf.d/live-cluster.conf",
        content=server_settings(port=plan.profile.database.port).encode(),
        owner="postgres",
        group="postgres",
        set_aside=plan.set_aside,
    )
    access = Edit(
        path=f"{places.configuration}/pg_hba.conf",
        change=lambda present: with_block_first(present, client_access(_access(plan))),
        set_aside=plan.set_aside,
        owner="postgres",
        group="postgres",
        mode=0o640,
    )
    passfile = WriteFile(
        path=PASSFILE,
        content=replication_passfile(plan.secrets.replication.reveal()).encode(),
        mode=0o600,
        owner="postgres",
        group="postgres",
    )
    return (
        _state_folder(node),
        file_step(node, passfile),
        _read_again(file_step(node, settings), plan, node),
        _read_again(edit_step(node, access), plan, node),
    )


def database_hand_over(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """Debian's unit gives PostgreSQL up; on the second head the agent is told to make a fresh copy."""
    places = Places(version=plan.database_version)
    start_conf = WriteFile(
        path=f"{places.configuration}/start.conf",
        content=b"# Written by live-cluster: Pacemaker starts this PostgreSQL.\nmanual\n",
        owner="postgres",
        group="postgres",
        set_aside=plan.set_aside,
    )
    steps = [file_step(node, start_conf), _stopped(plan, node, places.unit)]
    if plan.joins(node):
        keeps = plan.data_source(node) == node or (plan.forming and plan.facts.source.follows)
        steps.append(absent_step(node, RECLONE) if keeps else _reclone(plan, node))
    return tuple(steps)


def replication_role(plan: Blueprint) -> Step:
    """The role with which the standby copies; replicated, so the primary alone needs to get it."""
    password = plan.secrets.replication
    ask = question(_ROLE_QUESTION, database="postgres", port=plan.profile.database.port)

    def holds(replies: Replies) -> bool:
        answer, view = replies[0], view_of(replies[1])
        if isinstance(answer, CommandResult) and answer.ok:
            return scram_matches(password, answer.text.strip())
        # A database that is stopped on purpose has its role since the first run.
        return view is not None and stopped_on_purpose(view)

    # The verifier, not the password, goes to the server: whatever PostgreSQL logs is then no secret.
    role = (
        "DO $$BEGIN "
        f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{REPLICATION_USER}') "
        f"THEN CREATE ROLE {REPLICATION_USER}; END IF; END$$;\n"
        f"ALTER ROLE {REPLICATION_USER} LOGIN REPLICATION PASSWORD '{scram_verifier(password)}';\n{_GRANTS}"
    )
    write = question(role, database="postgres", port=plan.profile.database.port)
    return Step(
        code="replication-role",
        node=plan.primary,
        title=message("step-replication-role", role=REPLICATION_USER),
        impact=Impact.NONE,
        actions=always(Command(argv=write.argv, stdin=write.stdin, changes_node=True)),
        check=Check(requests=(ask, VIEW), holds=holds),
    )


def agent_parameters(plan: Blueprint) -> dict[str, str]:
    """Parameters of the database agent; addresses of the private network come first (C3)."""
    places = Places(version=plan.database_version)
    addresses = (
        f"{name}={','.join(str(one) for one in plan.replication_addresses(number))}"
        for number, name in enumerate(plan.head_names, start=1)
    )
    gateway = plan.heads[0].gateway
    return {
        "pgdata": places.data,
        "bindir": places.programs,
        "config_file": f"{places.configuration}/postgresql.conf",
        "port": str(plan.profile.database.port),
        "state_dir": STATE_DIR,
        "log_file": places.log,
        "replication_user": REPLICATION_USER,
        "node_addresses": " ".join(addresses),
        "client_network": str(gateway) if gateway else "",
    }


def _access(plan: Blueprint) -> DatabaseAccess:
    replication = tuple(address for number in (1, 2) for address in plan.replication_addresses(number))
    heads = tuple(head.address for head in plan.settings.heads)
    # The application reaches its database by the floating address; from the same head the source is that address.
    servers = (*heads, plan.settings.database_ip, plan.settings.public_ip, *plan.settings.media_addresses)
    return DatabaseAccess(
        database=plan.profile.database.name,
        owner=plan.profile.database.owner,
        servers=servers,
        replication=replication,
    )


def _state_folder(node: str) -> Step:
    def holds(result: CommandResult) -> bool:
        return result.text.split() == ["755", "root", "root", "750", "root", "postgres"]

    parent = STATE_DIR.rpartition("/")[0]
    return Step(
        code="folder",
        node=node,
        title=message("step-folder", path=STATE_DIR),
        impact=Impact.NONE,
        actions=always(
            _change("install", "--directory", "--mode=0755", parent),
            _change("install", "--directory", "--mode=0750", "--group=postgres", STATE_DIR),
        ),
        check=command_check(
            Command(argv=("stat", "--format=%a %U %G", "--", parent, STATE_DIR)),
            holds,
        ),
    )


def _read_again(step: Step, plan: Blueprint, node: str) -> Step:
    """A running server has loaded its configuration after the file was written."""
    ask = question(_LOAD_TIME, database="postgres", port=plan.profile.database.port)
    if plan.joins(node):
        return step

    def loaded(replies: Replies) -> bool:
        state, answer = replies
        assert isinstance(state, FileState)
        assert isinstance(answer, CommandResult)
        return not answer.ok or float(answer.text) >= state.mtime

    load = question("SELECT pg_reload_conf();", database="postgres", port=plan.profile.database.port)
    reload_action = Command(argv=load.argv, stdin=load.stdin, changes_node=True, accepts=(0, 2))
    check = Check(requests=(step.check.requests[0], ask), holds=loaded)
    return replace(followed_by(step, check, reload_action, impact=Impact.RELOAD), deadline_s=60)


def _stopped(plan: Blueprint, node: str, unit: str) -> Step:
    def holds(result: CommandResult) -> bool:
        return not is_active(result)

    return Step(
        code="database-handed-over",
        node=node,
        title=message("step-database-handed-over", unit=unit),
        impact=Impact.OUTAGE if plan.serves(node) else Impact.NONE,
        actions=always(Command(argv=("systemctl", "stop", "--", unit), timeout_s=600, changes_node=True)),
        check=command_check(unit_state(unit), holds),
    )


def _reclone(plan: Blueprint, node: str) -> Step:
    wanted = WriteFile(path=RECLONE, content=b"requested by live-cluster configure\n")
    database = plan.facts.heads[plan.head_names.index(node)].database
    # A database that does not answer may hold anything, unless an interrupted run of ours has stopped it.
    replaces = not database.handed_over if database.user_rows is None else database.user_rows > 0
    if (
        plan.forming
        and plan.facts.source.is_certain
        and database.side is not None
        and not database.side.given_up
    ):
        # Compared with the other one's: the rows of one table say less.
        replaces = not plan.facts.source.nothing_lost
    return Step(
        code="database-copy-requested",
        node=node,
        title=message("step-database-copy-requested", first=plan.data_source(node)),
        impact=Impact.REPLACES_DATA if replaces else Impact.NONE,
        actions=always(wanted),
        check=file_check(wanted),
        asks=message("ask-replace-data", node=node, first=plan.data_source(node)) if replaces else None,
    )


def _change(*argv: str) -> Request:
    return Command(argv=argv, changes_node=True)
