"""Questions to the other head's server, asked as the replication role."""

from live_cluster_agent import connection, process, timelines, wal
from live_cluster_agent.divergence import Line, LocalEnd, PrimaryFacts, parse_primary
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
# Of a primary and of a standby alike: which timeline its data is on, how far it has come, and by which way.
_PEER = r"""SELECT pg_is_in_recovery(), timeline, position, CASE WHEN timeline = 1 THEN '' ELSE
  replace(convert_from(pg_read_binary_file('pg_wal/' || upper(lpad(to_hex(timeline), 8, '0')) || '.history'),
   'UTF8'), E'\n', ';') END
FROM (SELECT CASE WHEN pg_is_in_recovery()
  THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
  ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END AS timeline,
 CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
  ELSE pg_current_wal_flush_lsn() END AS position) AS peer"""
_LOCAL = r"""SELECT (SELECT system_identifier FROM pg_control_system()),
 pg_size_bytes(current_setting('wal_segment_size')),
 (SELECT greatest(checkpoint.timeline_id, recovery.min_recovery_end_timeline)
  FROM pg_control_checkpoint() AS checkpoint, pg_control_recovery() AS recovery),
 (SELECT string_agg(entry.name, ' ') FROM pg_ls_waldir() AS entry WHERE entry.name ~ '^[0-9A-F]{24}$')"""


def ask(parameters: Parameters, sql: str, *, timeout_s: float, writable: bool = True) -> process.Finished:
    """One statement on the server at the peer's addresses; a standby there refuses what is for a primary."""
    target = f"{connection.peer_connection(parameters, purpose='live_cluster_rejoin')} dbname=postgres"
    if writable:
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
    timeline = wal.timeline_at(received, names.split(), int(segment_bytes)) or int(control_timeline)
    return LocalEnd(
        system=system,
        timeline=timeline,
        position=received,
        ancestors=timelines.ancestors(server.parameters, timeline),
    )


def peer_line(parameters: Parameters) -> Line | None:
    """The history of the peer's server, whether that is a primary or a standby; None when it is silent."""
    answer = ask(parameters, _PEER, timeout_s=10.0, writable=False)
    lines = answer.out.splitlines()
    if not answer.succeeded or not lines:
        return None
    in_recovery, timeline, position, history = lines[0].split("\x1f")
    return Line(
        timeline=int(timeline),
        position=wal.parse_lsn(position),
        ancestors=wal.parse_history(history.replace(";", "\n")),
        in_recovery=in_recovery == "t",
    )
