"""What is asked of the tools on this server; the other modules here read the answers.

Apart from them, so that the tools are already at work while the parsers load (20 ms).
"""

from __future__ import annotations

# Without operations, which cost time and are not shown. (Of `fencing-failed` alone, 2.1.5 shows nothing as XML.)
CRM_MON = (
    "crm_mon",
    "--one-shot",
    "--output-as=xml",
    "--inactive",
    "--include=none,summary,options,nodes,resources,attributes,failures,failcounts,bans,fencing",
)

# Their exit codes say "not quorate" and "a link is down"; the text says it better.
QUORUM_TOOL = ("corosync-quorumtool", "-s")
LINK_TOOL = ("corosync-cfgtool", "-n")

# Bonds, what is in them and how they watch it, and everything that can stand above or below one.
INTERFACES = ("ip", "-json", "-details", "address", "show")

# The history of this pair: written by the cluster's alert, as its account, and by the database agent. When a file
# grows too large it becomes NAME.1 and a new one begins.
HISTORY = ("/var/lib/live-cluster/events/cluster.jsonl", "/var/lib/live-cluster/postgresql/events.jsonl")

SERVICES = ("systemctl", "is-active", "corosync", "pacemaker")

# Four columns each: of this server, and of each standby. Copies in the making are not standbys.
REPLICATION = """
select pg_is_in_recovery(), current_setting('synchronous_standby_names'), r.status,
  greatest(0, pg_wal_lsn_diff(r.latest_end_lsn, pg_last_wal_replay_lsn()))::bigint
from (values (1)) as this left join pg_stat_wal_receiver r on true;
select application_name, state, sync_state, greatest(0, pg_wal_lsn_diff(
  case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, replay_lsn))::bigint
from pg_stat_replication
where application_name not in ('pg_basebackup', 'pg_receivewal') and state <> 'backup'
"""


def may_have_arbiter(corosync_conf: str) -> bool:
    """Whether votes come and go, so that QUORUM_TOOL must be asked, which takes as long as crm_mon."""
    return "device" in corosync_conf or "two_node" not in corosync_conf
