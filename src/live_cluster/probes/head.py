"""What the two heads are asked beside: database, file storage, and the cluster as it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from live_cluster.model.certificate_record import RECORD
from live_cluster.model.cluster_view import stopped_on_purpose
from live_cluster.model.facts import DatabaseFacts, FileFacts, HeadFacts, NodeFacts
from live_cluster.model.fence_metadata import AgentMetadata, parse_metadata
from live_cluster.model.profile import Profile
from live_cluster.model.service_secrets import SERVICE_SECRETS_FILE
from live_cluster.model.settings import Storage
from live_cluster.model.unit_times import UnitTimes, unit_times
from live_cluster.probes.database_settings import OF_THIS_HEAD, parse_settings
from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon
from live_cluster.probes.storage import storage_facts, storage_requests
from live_cluster.probes.storage_move import LEFT_OVER, left_over
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

DATABASE_CLUSTER = "main"
CLUSTERS = Command(argv=("pg_lsclusters", "--no-header"))
HANDED_OVER = Command(
    argv=("grep", "-l", "-r", "--include=start.conf", "Written by live-cluster", "/etc/postgresql")
)
CIB = Command(argv=("cibadmin", "--query"), timeout_s=30)
VIEW = Command(
    argv=("crm_mon", "--one-shot", "--output-as=xml", "--inactive", "--show-node-attributes"), timeout_s=30
)
# What Pacemaker starts with; read where it does not run.
CIB_FILE = ReadFile(path="/var/lib/pacemaker/cib/cib.xml")
COROSYNC_CONF = ReadFile(path="/etc/corosync/corosync.conf")
SECRETS = ReadFile(path=SERVICE_SECRETS_FILE)
CERTIFICATE_RECORD = ReadFile(path=RECORD)


def question(sql: str, *, database: str, port: int) -> Command:
    """SQL on the server's own socket as its superuser; one value per line, columns by tab."""
    return Command(
        argv=(
            "runuser", "--user", "postgres", "--",
            "psql", "--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--field-separator=\t",
            "--set=ON_ERROR_STOP=1", f"--port={port}", f"--dbname={database}",
        ),
        stdin=sql.encode(),
    )  # fmt: skip


def user_rows_question(profile: Profile) -> Command:
    """How many rows users have put in."""
    return question(
        profile.database.user_data_query, database=profile.database.name, port=profile.database.port
    )


def size_question(profile: Profile) -> Command:
    """Bytes of all databases."""
    sql = "SELECT sum(pg_database_size(oid)) FROM pg_database;"
    return question(sql, database="postgres", port=profile.database.port)


def settings_question(profile: Profile) -> Command:
    """The settings that the running server has, wherever they come from."""
    return question(f"{OF_THIS_HEAD};", database="postgres", port=profile.database.port)


def account_question(account: str) -> Command:
    """The account that owns the files on the file storage."""
    return Command(argv=("getent", "passwd", account))


def account_numbers(text: str) -> str:
    """UID:GID in a line of passwd(5)."""
    fields = text.strip().split(":")
    return ":".join(fields[2:4]) if len(fields) == 7 else ""


def metadata_question(agent: str) -> Command:
    """What a fence agent says about its parameters."""
    return Command(argv=(agent, "-o", "metadata"))


def license_question(check: tuple[str, ...], content: bytes, instance_id: str | None) -> Command:
    """The application's own judgement of a license."""
    return Command(argv=(*check, instance_id) if instance_id else check, stdin=content)


DEFAULT_TIMES = Command(
    argv=("systemctl", "show", "--property=DefaultTimeoutStopUSec,DefaultTimeoutStartUSec")
)


def times_questions(unit: str) -> tuple[Command, Command]:
    """How long the unit may take to start and to stop, and which of its files says so."""
    shown = (
        "LoadState,TimeoutStopUSec,TimeoutStartUSec,"
        "ExecCondition,ExecStartPre,ExecStartPost,ExecStop,ExecStopPost"
    )
    return (
        Command(argv=("systemctl", "show", f"--property={shown}", "--", unit)),
        Command(argv=("systemctl", "cat", "--", unit)),
    )


IPMITOOL = "/usr/bin/ipmitool"
IPMITOOL_EXISTS = Command(argv=("test", "-x", IPMITOOL))


def agent_requests(agents: Sequence[str]) -> tuple[Request, ...]:
    """Nothing where no fencing is wanted."""
    return (*(metadata_question(agent) for agent in agents), *((IPMITOOL_EXISTS,) if agents else ()))


def head_requests(
    profile: Profile, storage: Storage | None, agents: Sequence[str] = ()
) -> tuple[Request, ...]:
    """All requests of one head, to be made at the same time."""
    wanted: tuple[Request, ...] = (
        CLUSTERS, HANDED_OVER, CIB, CIB_FILE, VIEW, COROSYNC_CONF, SECRETS, CERTIFICATE_RECORD,
        DEFAULT_TIMES, user_rows_question(profile), size_question(profile), settings_question(profile),
    )  # fmt: skip
    if profile.filestorage:
        wanted += (account_question(profile.filestorage.owner), *LEFT_OVER)
    wanted += tuple(one for unit in profile.clustered_units for one in times_questions(unit.unit))
    wanted += tuple(ReadFile(path=path) for path in profile.second_head.files_from_first_head)
    return wanted + storage_requests(storage) + agent_requests(agents)


def head_facts(
    node: NodeFacts, replies: Mapping[Request, Reply], *, profile: Profile, storage: Storage | None
) -> HeadFacts:
    """The answers of one head as a value."""
    cib = replies[CIB]
    return HeadFacts(
        node=node,
        database=DatabaseFacts(
            versions=database_versions(_text(replies[CLUSTERS])),
            user_rows=_number(replies[user_rows_question(profile)]),
            size_bytes=_number(replies[size_question(profile)]) or 0,
            handed_over=bool(_text(replies[HANDED_OVER])),
            settings=parse_settings(_text(replies[settings_question(profile)]), separator="\t"),
        ),
        storage=storage_facts(storage, replies),
        service_secrets=_file(replies[SECRETS]).text,
        corosync_conf=_file(replies[COROSYNC_CONF]).text,
        certificate_record=_file(replies[CERTIFICATE_RECORD]).text,
        cib=cib.stdout if isinstance(cib, CommandResult) and cib.ok else _complete_xml(replies[CIB_FILE]),
        primary=primary_of(replies[VIEW]),
        stopped_on_purpose=_is_stopped_on_purpose(replies[VIEW]),
        out_of_sight=_out_of_sight(replies[VIEW]),
        shared_files=tuple(files_in(replies, profile.second_head.files_from_first_head)),
        fence_agents=tuple(_fence_agents(replies)),
        storage_owner=_storage_owner(replies, profile),
        has_ipmitool=IPMITOOL_EXISTS in replies and _is_so(replies[IPMITOOL_EXISTS]),
        left=left_over(replies),
        unit_times=tuple(_times(unit.unit, replies) for unit in profile.clustered_units),
    )


def _times(unit: str, replies: Mapping[Request, Reply]) -> UnitTimes:
    shown, files = (_text(replies[question]) for question in times_questions(unit))
    return unit_times(unit, shown=shown, files=files, defaults=_text(replies[DEFAULT_TIMES]))


def _storage_owner(replies: Mapping[Request, Reply], profile: Profile) -> str:
    if profile.filestorage is None:
        return ""
    return account_numbers(_text(replies[account_question(profile.filestorage.owner)]))


def _fence_agents(replies: Mapping[Request, Reply]) -> Iterator[tuple[str, AgentMetadata]]:
    for request, reply in replies.items():
        if isinstance(request, Command) and request == metadata_question(request.argv[0]):
            metadata = parse_metadata(_text(reply))
            if metadata is not None:
                yield request.argv[0], metadata


def _is_so(reply: Reply) -> bool:
    return isinstance(reply, CommandResult) and reply.ok


def database_versions(text: str) -> tuple[str, ...]:
    """Major versions that have a cluster named main, in the output of pg_lsclusters(1)."""
    rows = (line.split() for line in text.splitlines())
    return tuple(row[0] for row in rows if len(row) > 1 and row[1] == DATABASE_CLUSTER)


def primary_of(reply: Reply) -> str:
    """Name of the head whose database is promoted; empty where none is or Pacemaker does not run."""
    if not isinstance(reply, CommandResult):
        return ""
    try:
        return parse_crm_mon(reply.stdout).primary
    except NoClusterView:
        return ""


def _is_stopped_on_purpose(reply: Reply) -> bool:
    try:
        return isinstance(reply, CommandResult) and stopped_on_purpose(parse_crm_mon(reply.stdout))
    except NoClusterView:
        return False


def _out_of_sight(reply: Reply) -> tuple[str, ...] | None:
    try:
        view = parse_crm_mon(reply.stdout) if isinstance(reply, CommandResult) else None
    except NoClusterView:
        return None
    return None if view is None else tuple(node.name for node in view.nodes if not node.online)


def _complete_xml(reply: Reply) -> bytes:
    """The CIB's file; nothing where it is missing or was cut off by a full disk."""
    content = _file(reply).content
    return content if content.rstrip().endswith(b"</cib>") else b""


def certificate_requests(profile: Profile) -> tuple[ReadFile, ...]:
    """Certificates and keys of all services."""
    paths = (path for one in profile.certificates for path in (one.certificate, one.private_key))
    return tuple(ReadFile(path=path) for path in dict.fromkeys(paths))


def files_in(replies: Mapping[Request, Reply], paths: Iterable[str]) -> list[FileFacts]:
    """Those of the files that are there."""
    found = []
    for path in paths:
        state = _file(replies[ReadFile(path=path)])
        if state.exists:
            found.append(
                FileFacts(
                    path=path, content=state.content, mode=state.mode, owner=state.owner, group=state.group
                )
            )
    return found


def _number(reply: Reply) -> int | None:
    text = _text(reply).strip()
    return int(text) if text.isdigit() else None


def _file(reply: Reply) -> FileState:
    return reply if isinstance(reply, FileState) else FileState(exists=False)


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
