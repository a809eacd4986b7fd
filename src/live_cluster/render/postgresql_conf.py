"""PostgreSQL's settings and client access for a primary and its synchronous standby."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.ownership import OWNED

STATE_DIR = "/var/lib/live-cluster/postgresql"
REPLICATION_USER = "live_cluster_replication"
# The agent alone writes this file: who the standby is, and whether commits wait for it.
REPLICATION_CONF = f"{STATE_DIR}/replication.conf"
PASSFILE = f"{STATE_DIR}/replication.pgpass"

# wal_log_hints lets pg_rewind work on clusters without checksums. restart_after_crash is off: Pacemaker says
# where the database goes on. The time-outs end a dead connection after about 4 s; they never decide about
# synchronous mode, the cluster's membership does.
_SETTINGS = (
    ("listen_addresses", "'*'"),
    ("wal_level", "replica"),
    ("hot_standby", "on"),
    ("max_wal_senders", "10"),
    ("max_replication_slots", "10"),
    ("wal_log_hints", "on"),
    ("full_page_writes", "on"),
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("wal_keep_size", "'1GB'"),
    ("wal_sender_timeout", "'4s'"),
    ("wal_receiver_timeout", "'4s'"),
    ("wal_receiver_status_interval", "'1s'"),
    ("wal_retrieve_retry_interval", "'500ms'"),
    ("restart_after_crash", "off"),
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "4000"),
    ("password_encryption", "scram-sha-256"),
)


def server_settings(*, port: int) -> str:
    """The file conf.d/live-cluster.conf."""
    lines = [f"{name} = {value}" for name, value in (*_SETTINGS, ("port", str(port)))]
    return OWNED + "\n".join(lines) + f"\ninclude_if_exists = '{REPLICATION_CONF}'\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAccess:
    """Who may connect over the network: the application from every server, replication between the heads."""

    database: str
    owner: str
    servers: tuple[IPv4Address, ...]
    replication: tuple[IPv4Address, ...]


def client_access(access: DatabaseAccess) -> str:
    """Lines for pg_hba.conf; the addresses of this cluster only, passwords as SCRAM only."""
    lines = [
        f"host {access.database} {access.owner} {address}/32 scram-sha-256" for address in access.servers
    ]
    for address in access.replication:
        # pg_rewind asks an ordinary database, pg_basebackup and the standby the replication protocol.
        lines.append(f"host replication {REPLICATION_USER} {address}/32 scram-sha-256")
        lines.append(f"host postgres {REPLICATION_USER} {address}/32 scram-sha-256")
    return "\n".join(lines) + "\n"


def replication_passfile(password: str) -> str:
    """A .pgpass(5) line for any host; backslash and colon are its only special characters."""
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:{REPLICATION_USER}:{escaped}\n"
