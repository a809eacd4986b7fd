"""How this server's own PostgreSQL, and through it the primary, is asked by psql."""

from __future__ import annotations

from pathlib import Path

from live_cluster.remote.early_database import FIELD_SEPARATOR

_BINARIES = Path("/usr/lib/postgresql")
_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
LOCAL = "dbname=postgres connect_timeout=5"

# A standby knows how to reach its primary: addresses, role and password file, all in the agent's one setting.
UPSTREAM = "SELECT CASE WHEN pg_is_in_recovery() THEN current_setting('primary_conninfo') END"
CHECKPOINT = "CHECKPOINT"


def program(name: str, *, directory: Path = _BINARIES) -> str:
    """Path of a program of the newest PostgreSQL that is installed; empty where there is none."""
    versions = [one for one in directory.glob("*") if one.name.isdigit()]
    newest = max(versions, key=lambda one: int(one.name), default=None)
    return "" if newest is None else str(newest / "bin" / name)


def psql(sql: str, *, target: str = LOCAL) -> tuple[str, ...]:
    """One statement as the database's own account, the answer as bare lines."""
    return (*_AS_POSTGRES, program("psql"), "-XAtqw", "-v", "ON_ERROR_STOP=1", "-d", target, "-c", sql)


def psql_rows(sql: str, *, target: str) -> tuple[str, ...]:
    """One question to the server at these words of a connection, a row a line; gives up after two seconds."""
    words = f"{target} dbname=postgres application_name=live_cluster_status connect_timeout=2"
    return (*_AS_POSTGRES, program("psql"), "-XAtqw", "-F", FIELD_SEPARATOR, "-d", words, "-c", sql)
