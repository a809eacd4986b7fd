"""Questions to the other head's server, asked as the replication role."""

from live_cluster_agent import connection, process, wal
from live_cluster_agent.divergence import LocalEnd, PrimaryFacts, parse_primary
from live_cluster_agent.parameters import Parameters
from live_cluster_agent.postgres import Server

_PRIMARY = r"""SELECT (SELECT system_identifier FROM pg_control_system()), 'f', name, pg_current_wal_flush_lsn(),
 pg_size_bytes(current_setting('wal_segment_size')),
 (SELECT min(substr(entry.name, 9)) FROM pg_ls_waldir() AS entry WHERE entry.name ~ '^[0-9A-F]{24}$'),
 (SELECT sum(pg_database_size(oid)) FROM pg_database),
 CASE WHEN substr(name, 1, 8) = '00000001' THEN ''
  ELSE replace(convert_from(pg_read_binary_file('pg_wal/' || substr(name, 1, 8) || '.history'), 'UTF8'),
   E'\n', ';') END
FROM (SELECT pg_walfile_name(pg_current_wal_lsn()) AS name) AS current"""
_LOCAL = r"""SELECT (SELECT system_identifier FROM pg_control_system()),
 pg_size_bytes(current_setting('wal_segment_size')),
 (SELECT greatest(checkpoint.timeline_id, recovery.min_recovery_end_timeline)
  FROM pg_control_checkpoint() AS checkpoint, pg_control_recovery() AS recovery),
 (SELECT string_agg(entry.name, ' ') FROM pg_ls_waldir() AS entry WHERE entry.name ~ '^[0-9A-F]{24}$')"""


def ask(parameters: Parameters, sql: str, *, timeout_s: float) -> process.Finished:
    """One statement on the primary at the peer's addresses; a standby there refuses."""
    target = f"{connection.peer_connection(parameters, purpose='live_cluster_rejoin')} dbname=postgres"
    target += " target_session_attrs=read-write"
    layout = (
        "--no-psqlrc",
        "--no-password",
        "--no-align",
        "--tuples-only",
        "--quiet",
        "--field-separator",
        "\x1f",
    )
    argv = (parameters.program("psql"), *layout, "--dbname", target, "--command", sql)
    return process.run(argv, timeout_s=timeout_s, as_database=True)


def peer_serves(parameters: Parameters) -> bool:
    """Whether a server answers at one of the peer's addresses, be it that it is only starting."""
    question = ("--quiet", "--timeout", "5", "--port", str(parameters.port), "--host")
    asked = [
        (parameters.program("pg_isready"), *question, host) for host in parameters.addresses[parameters.peer]
    ]
    accepting, rejecting = 0, 1
    return not {accepting, rejecting}.isdisjoint(process.side_by_side(asked, timeout_s=15.0))


def primary_facts(parameters: Parameters) -> PrimaryFacts | None:
    """The peer's server if it is a primary that answers, else None."""
    answer = ask(parameters, _PRIMARY, timeout_s=10.0)
    lines = answer.out.splitlines()
    return parse_primary(lines[0]) if answer.succeeded and lines else None


def local_end(server: Server, *, received: int) -> LocalEnd:
    """Where the data of the running standby ends.

    The control file names an old timeline until the next restart point, so the segment files decide.
    """
    system, segment_bytes, control_timeline, names = server.query(_LOCAL)[0].split("\x1f")
    at_end = wal.timeline_at(received, names.split(), int(segment_bytes))
    return LocalEnd(system=system, timeline=at_end or int(control_timeline), position=received)
